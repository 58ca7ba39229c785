"""Some days of history for the demo's fleet: what would be there had the service run since last week."""

import math
from datetime import datetime, timedelta

from cmlfleet.application.clock import utc_now
from cmlfleet.application.ports.storage import VersionConflict, WorkerStore
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, HealthReason, WorkerStatus
from cmlfleet.domain.sample import Sample
from cmlfleet.domain.sources import Source

DAYS = 3
STEP = timedelta(minutes=15)
FORGOTTEN, FORGOTTEN_FOR = "metal-forgotten", timedelta(hours=9)
STUCK, STUCK_FOR = "aci-stuck", timedelta(minutes=47)
_ATTEMPTS = 20  # the schedule refreshes the same records meanwhile


async def seed_history(workers: WorkerStore) -> None:
    """Give each running worker samples of the last days, and the two long stories their beginnings."""
    for known in await workers.known_instances():
        for _ in range(_ATTEMPTS):
            state = await workers.load(known.worker_id)
            if state is None or state.status is not WorkerStatus.RUNNING:
                break
            now = utc_now()
            _begin_stories(state, now)
            try:
                await workers.save(state, samples=_past(state, now))
            except VersionConflict:
                continue
            break


def _begin_stories(state: CMLWorkerState, now: datetime) -> None:
    if state.name == FORGOTTEN:
        state.nodes_idle_since = now - FORGOTTEN_FOR
    if state.name == STUCK:
        state.sources[Source.CML].failing_since = now - STUCK_FOR
        state.health_reasons = tuple(
            HealthReason(code=reason.code, text=reason.text, since=now - STUCK_FOR) for reason in state.health_reasons
        )


def _past(state: CMLWorkerState, now: datetime) -> list[Sample]:
    samples: list[Sample] = []
    idle_since = state.nodes_idle_since
    for index in range(1, int(timedelta(days=DAYS) / STEP)):
        at = now - index * STEP
        # Busy in office hours, quiet at night, each worker a little apart from the others.
        day = max(0.0, math.sin((at.hour - 6 + len(state.name) % 3) / 12 * math.pi))
        idle = idle_since is not None and at > idle_since
        nodes = 0 if idle else round((state.nodes_running or 6) * day)
        samples.append(
            Sample(
                at=at,
                cpu_utilization=round(2.0 if idle else 3 + 40 * day, 1),
                memory_utilization=round(12.0 if idle else 15 + 45 * day, 1),
                disk_utilization=state.disk_utilization,
                labs_count=state.labs_count,
                labs_running=0 if idle else round((state.labs_running or 1) * day),
                nodes_running=nodes,
            )
        )
    return samples
