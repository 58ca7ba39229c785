"""Taking a worker off the shelf and putting it back: restore, save, and tell who follows saved records."""

from collections.abc import Callable
from typing import Protocol

from cmlfleet.application.changes import note_event
from cmlfleet.application.errors import WorkerNotFound
from cmlfleet.application.ports.monitoring import MonitoringSchedule
from cmlfleet.application.ports.storage import VersionConflict, WorkerStore
from cmlfleet.application.services.saved_records import SavedRecords
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.entities.cml_worker import CMLWorker, CMLWorkerState
from cmlfleet.domain.entities.cml_worker_state import copied_state
from cmlfleet.domain.identifiers import AccountId, WorkerId
from cmlfleet.domain.slot_copies import slot_copier
from cmlfleet.domain.sources import SourceStatus
from cmlfleet.domain.worker_policy import WorkerPolicy

Policies = Callable[[AccountId], WorkerPolicy]
"""The policy that holds for an account's workers."""

_copied_status = slot_copier(SourceStatus)

MOST_ATTEMPTS = 5  # lost races in a row before a conflict is somebody else's problem


class WakeDelivery(Protocol):
    """Tells the outbox's delivery that events were committed."""

    def __call__(self) -> None: ...


class WorkerShelf:
    """Every command that changes a worker goes through here, so that no side effect of a save is forgotten."""

    def __init__(
        self,
        *,
        workers: WorkerStore,
        policies: Policies,
        saved_records: SavedRecords,
        monitoring: MonitoringSchedule,
        wake_delivery: WakeDelivery,
    ) -> None:
        self._workers = workers
        self._policies = policies
        self._saved_records = saved_records
        self._monitoring = monitoring
        self._wake_delivery = wake_delivery

    async def take(self, worker_id: WorkerId, *, cause: Cause) -> CMLWorker:
        """The worker as it is stored now. Raises WorkerNotFound."""
        state = await self._workers.load(worker_id)
        if state is None:
            raise WorkerNotFound(worker_id)
        return self.restore(state, cause=cause)

    def restore(self, state: CMLWorkerState, *, cause: Cause) -> CMLWorker:
        """The aggregate over a state, with its account's policy."""
        return CMLWorker(state, policy=self._policies(state.account_id), cause=cause)

    async def change(
        self,
        worker_id: WorkerId,
        *,
        cause: Cause,
        apply: Callable[[CMLWorker], None],
        taken: tuple[CMLWorkerState, CMLWorker] | None = None,
    ) -> CMLWorker:
        """Apply a change to the worker and save it; after a lost race apply the same to what is stored now.

        `taken` (the state as it was stored, and the worker) spares the first load. Raises WorkerNotFound, and
        VersionConflict when the race is lost for good.
        """
        for _ in range(MOST_ATTEMPTS):
            if taken is None:
                worker = await self.take(worker_id, cause=cause)
                before = as_stored(worker.state)
            else:
                before, worker = taken
                taken = None
            apply(worker)
            try:
                worker.state = await self._workers.save(worker.state, events=worker.events, samples=worker.samples)
            except VersionConflict:
                continue
            self._after_commit(before, worker)
            return worker
        raise VersionConflict(worker_id)

    async def add(self, worker: CMLWorker) -> None:
        """Store a new worker. Raises WorkerAlreadyKnown."""
        worker.state = await self._workers.add(worker.state, events=worker.events)
        self._after_commit(None, worker)

    def _after_commit(self, before: CMLWorkerState | None, worker: CMLWorker) -> None:
        state = worker.state
        self._saved_records.publish(before, state)
        if state.monitoring_active:
            self._monitoring.ensure(state.id, state.account_id, state.region)
        else:
            self._monitoring.remove(state.id)
        for event in worker.events:
            note_event(event)
        if worker.events:
            self._wake_delivery()


def as_stored(state: CMLWorkerState) -> CMLWorkerState:
    """The state as it is now, untouched by what the aggregate does to it later."""
    # A deep copy of a record costs more than its refresh; only these containers are changed in place.
    before = copied_state(state)
    before.sources = {}
    for source, status in state.sources.items():
        before.sources[source] = kept = _copied_status(status)
        kept.parts = dict(status.parts)
    before.parts_asked_at = dict(state.parts_asked_at)
    return before
