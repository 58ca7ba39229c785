"""The reading side: rows straight to what queries answer, never through the aggregate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cmlfleet.application.ports.storage import StoredEvent
from cmlfleet.application.queries.criteria import EventCriteria, Page, WorkerCriteria
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, Health, HealthReason, WorkerStatus
from cmlfleet.domain.facts import CMLLicense, EC2ScheduledEvent
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sample import Sample

GONE_WORKERS_SHOWN_FOR = timedelta(hours=24)
"""Terminated and missing workers leave the default list and the counts after this long."""


class InvalidCriteria(Exception):
    """A criterion that names no field, no operator or no possible value; the text says what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSeries:
    """Samples over a time; means over `step_seconds`, None where no sample fell into a step."""

    step_seconds: int
    points: tuple[Sample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSummary:
    """What of a worker's record the sums over the fleet look at: of thousands, the rest is not even decoded."""

    account_id: str
    region: str
    status: WorkerStatus
    health: Health
    instance_type: str | None = None
    labs_count: int | None = None
    labs_running: int | None = None
    nodes_running: int | None = None
    nodes_idle_since: datetime | None = None
    disk_utilization: float | None = None
    certificate_shared_with: int = 0
    health_reasons: tuple[HealthReason, ...] = ()
    scheduled_events: tuple[EC2ScheduledEvent, ...] = ()
    cml_license: CMLLicense | None = None


class FleetReader(Protocol):
    """Raises `StorageUnavailable`; `InvalidCriteria` where a criterion cannot be understood."""

    async def get_state(self, worker_id: WorkerId) -> CMLWorkerState | None: ...
    async def names(self, worker_ids: Sequence[WorkerId]) -> Mapping[WorkerId, str]:
        """Of those that are known."""
        ...

    async def find_states(self, criteria: WorkerCriteria) -> Page[CMLWorkerState]: ...
    async def fleet_states(self, within: TeamLimit | None = None) -> Sequence[CMLWorkerState]:
        """Every worker that the default list would show."""
        ...

    async def fleet_summaries(self, within: TeamLimit | None = None) -> Sequence[WorkerSummary]:
        """The same workers, in short."""
        ...

    async def find_events(self, criteria: EventCriteria) -> Page[StoredEvent]: ...
    async def events_after(self, sequence: int, *, limit: int) -> Sequence[StoredEvent]: ...
    async def samples(
        self, worker_id: WorkerId, *, start: datetime, end: datetime, step_seconds: int
    ) -> SampleSeries: ...
