"""What of the fleet needs a person now."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cmlfleet.application.ports.reading import WorkerSummary
from cmlfleet.application.queries.views import AttentionView
from cmlfleet.domain.entities.cml_worker_state import Health, WorkerStatus

IDLE_AFTER = timedelta(hours=1)  # a class takes breaks; an hour without any running node is no break
LICENSE_SOON = timedelta(days=30)  # what renews by itself is renewed earlier: an authorization of 90 days after 30
DISK_ATTENTION_PERCENT = 90.0
_WRONG = (Health.UNREACHABLE, Health.DEGRADED, Health.UNLICENSED, Health.UNKNOWN)


def _untold(_: WorkerSummary) -> datetime | None:
    return None


@dataclass(frozen=True, slots=True)
class _Matter:
    """`query` is that of `GET /api/v1/workers` and selects the workers for which it `holds`."""

    reason: str
    query: str
    holds: Callable[[WorkerSummary], object]
    since: Callable[[WorkerSummary], datetime | None] = _untold
    due_at: Callable[[WorkerSummary], datetime | None] = _untold


def attention(workers: Sequence[WorkerSummary], *, now: datetime) -> Iterable[AttentionView]:
    """Only what there is, with the earliest moment of each."""
    for matter in _matters(now):
        about = [worker for worker in workers if matter.holds(worker)]
        if about:
            yield AttentionView(
                reason=matter.reason,
                count=len(about),
                query=matter.query,
                since=_earliest(map(matter.since, about)),
                due_at=_earliest(map(matter.due_at, about)),
            )


def is_idle(worker: WorkerSummary, *, now: datetime) -> bool:
    """Running, paid for, and no node has run for an hour by our own readings."""
    return (
        worker.status is WorkerStatus.RUNNING
        and worker.nodes_idle_since is not None
        and now - worker.nodes_idle_since >= IDLE_AFTER
    )


def _matters(now: datetime) -> Iterable[_Matter]:
    for health in _WRONG:
        yield _Matter(
            health.value, f"health={health.value}", lambda worker, health=health: worker.health is health, _ill_since
        )
    yield _Matter(
        "license_expiring",
        f"status=running&license_expires_at.lt={_text(now + LICENSE_SOON)}",
        lambda worker: _license_is_expiring(worker, now=now),
        due_at=_license_expires_at,
    )
    yield _Matter(
        "idle",
        f"status=running&nodes_idle_since.lte={_text(now - IDLE_AFTER)}",
        lambda worker: is_idle(worker, now=now),
        lambda worker: worker.nodes_idle_since,
    )
    yield _Matter(
        "disk_nearly_full",
        f"disk_utilization.gte={DISK_ATTENTION_PERCENT:.0f}",
        lambda worker: (worker.disk_utilization or 0) >= DISK_ATTENTION_PERCENT,
    )
    yield _Matter(
        "scheduled_event",
        "scheduled_events.gt=0",
        lambda worker: worker.scheduled_events,
        due_at=lambda worker: _earliest(event.not_before for event in worker.scheduled_events),
    )
    yield _Matter("shared_certificate", "certificate_shared_with.gt=0", lambda worker: worker.certificate_shared_with)


def _ill_since(worker: WorkerSummary) -> datetime | None:
    return _earliest(reason.since for reason in worker.health_reasons)


def _license_expires_at(worker: WorkerSummary) -> datetime | None:
    return None if worker.cml_license is None else worker.cml_license.expires_at


def _license_is_expiring(worker: WorkerSummary, *, now: datetime) -> bool:
    expires_at = _license_expires_at(worker)
    return worker.status is WorkerStatus.RUNNING and expires_at is not None and expires_at < now + LICENSE_SOON


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
