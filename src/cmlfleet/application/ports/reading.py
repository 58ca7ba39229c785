"""The reading side: rows straight to what queries answer, never through the aggregate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cmlfleet.application.ports.storage import StoredEvent
from cmlfleet.application.queries.criteria import EventCriteria, Page, WorkerCriteria
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
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


class FleetReader(Protocol):
    """Raises `StorageUnavailable`; `InvalidCriteria` where a criterion cannot be understood."""

    async def get_state(self, worker_id: WorkerId) -> CMLWorkerState | None: ...
    async def find_states(self, criteria: WorkerCriteria) -> Page[CMLWorkerState]: ...
    async def fleet_states(self, within: TeamLimit | None = None) -> Sequence[CMLWorkerState]:
        """Every worker that the default list would show."""
        ...

    async def find_events(self, criteria: EventCriteria) -> Page[StoredEvent]: ...
    async def events_after(self, sequence: int, *, limit: int) -> Sequence[StoredEvent]: ...
    async def samples(
        self, worker_id: WorkerId, *, start: datetime, end: datetime, step_seconds: int
    ) -> SampleSeries: ...
