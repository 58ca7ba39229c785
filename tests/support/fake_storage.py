"""Records in memory, held to the same contract as the database (`test_worker_store_contract.py`)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime

from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.application.ports.storage import (
    KnownInstance,
    Operation,
    OperationRun,
    StorageUnavailable,
    StoredEvent,
    VersionConflict,
    WorkerAlreadyKnown,
)
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.events.domain_event import DomainEvent
from cmlfleet.domain.identifiers import AccountId, InstanceId, Region, WorkerId
from cmlfleet.domain.instance_ref import InstanceRef
from cmlfleet.domain.sample import Sample


class FakeWorkerStore:
    """Implements `WorkerStore` and `Outbox`. While `is_down`, every method raises StorageUnavailable.

    `refused` counts those, `saves` commits. Each of `rivals` saves its change right before one of ours, and wins.
    """

    def __init__(self) -> None:
        self.is_down = False
        self.refused = 0
        self.saves = 0
        self.samples: list[tuple[WorkerId, Sample]] = []
        self.events: list[StoredEvent] = []
        self.rivals: list[Callable[[CMLWorkerState], CMLWorkerState]] = []
        self._states: dict[WorkerId, CMLWorkerState] = {}
        self._forgotten: set[InstanceRef] = set()
        self._delivered: set[int] = set()

    async def load(self, worker_id: WorkerId) -> CMLWorkerState | None:
        self._reached()
        return deepcopy(self._states.get(worker_id))

    async def save(
        self, state: CMLWorkerState, *, events: Sequence[DomainEvent] = (), samples: Sequence[Sample] = ()
    ) -> CMLWorkerState:
        self._reached()
        stored = self._states.get(state.id)
        if stored is not None and self.rivals:
            stored = self._states[state.id] = replace(self.rivals.pop()(stored), version=stored.version + 1)
        if stored is None or stored.version != state.version:
            raise VersionConflict(state.id)
        saved = replace(deepcopy(state), version=state.version + 1)
        self._commit(saved, events)
        self.samples += [(state.id, sample) for sample in samples]
        return deepcopy(saved)

    async def add(self, state: CMLWorkerState, *, events: Sequence[DomainEvent]) -> CMLWorkerState:
        self._reached()
        for known in self._states.values():
            if known.instance == state.instance:
                raise WorkerAlreadyKnown(known.id)
        added = replace(deepcopy(state), version=1)
        self._forgotten.discard(state.instance)
        self._commit(added, events)
        return deepcopy(added)

    async def remove(self, worker_id: WorkerId, *, event: DomainEvent) -> CMLWorkerState | None:
        self._reached()
        removed = self._states.pop(worker_id, None)
        if removed is not None:
            self._forgotten.add(removed.instance)
            self._append([event])
        return removed

    async def known_instances(
        self, account_id: AccountId | None = None, region: Region | None = None
    ) -> Sequence[KnownInstance]:
        self._reached()
        return [
            KnownInstance(worker_id=state.id, instance=state.instance, status=state.status)
            for state in self._states.values()
            if account_id in (None, state.account_id) and region in (None, state.region)
        ]

    async def forgotten_instances(self, account_id: AccountId, region: Region) -> frozenset[InstanceId]:
        self._reached()
        return frozenset(
            each.instance_id for each in self._forgotten if (each.account_id, each.region) == (account_id, region)
        )

    async def worker_id_of(self, instance: InstanceRef) -> WorkerId | None:
        self._reached()
        return next((state.id for state in self._states.values() if state.instance == instance), None)

    async def monitored(self) -> Sequence[KnownInstance]:
        active = {state.id for state in self._states.values() if state.monitoring_active}
        return [known for known in await self.known_instances() if known.worker_id in active]

    async def certificate_sharing_to_note(self) -> Mapping[WorkerId, int]:
        holders = Counter(state.certificate_pinned for state in self._states.values() if not state.is_gone)
        others = {
            state.id: 0
            if state.is_gone or state.certificate_pinned is None
            else holders[state.certificate_pinned] - 1
            for state in self._states.values()
        }
        return {key: count for key, count in others.items() if self._states[key].certificate_shared_with != count}

    async def versions(self) -> Mapping[WorkerId, int]:
        self._reached()
        return {state.id: state.version for state in self._states.values()}

    async def all_states(self) -> Sequence[CMLWorkerState]:
        self._reached()
        return deepcopy(list(self._states.values()))

    async def pending(self, *, limit: int, after: int = 0) -> Sequence[StoredEvent]:
        self._reached()
        owed = [event for event in self.events if event.sequence > after and event.sequence not in self._delivered]
        return owed[:limit]

    async def delivered(self, sequences: Sequence[int]) -> None:
        self._reached()
        self._delivered.update(sequences)

    def _commit(self, state: CMLWorkerState, events: Sequence[DomainEvent]) -> None:
        self._states[state.id] = state
        self._append(events)
        self.saves += 1

    def _append(self, events: Sequence[DomainEvent]) -> None:
        for event in events:
            self.events.append(
                StoredEvent(
                    sequence=len(self.events) + 1,
                    event_id=event.event_id,
                    type=event.type_name,
                    worker_id=event.worker_id,
                    occurred_at=event.occurred_at,
                    actor=event.cause.actor,
                    cause=event.cause.command,
                    data=event.data(),
                )
            )

    def _reached(self) -> None:
        if self.is_down:
            self.refused += 1
            raise StorageUnavailable("the fake database is down")


class FakeCredentialsStore:
    """Implements `CredentialsStore`."""

    def __init__(self) -> None:
        self.kept: dict[WorkerId, CMLCredentials] = {}

    async def get(self, worker_id: WorkerId) -> CMLCredentials | None:
        return self.kept.get(worker_id)

    async def put(self, worker_id: WorkerId, credentials: CMLCredentials) -> None:
        self.kept[worker_id] = credentials

    async def delete(self, worker_id: WorkerId) -> bool:
        return self.kept.pop(worker_id, None) is not None


class FakeOperationStore:
    """Implements `OperationStore`; `saves` keeps every step that was stored, `runs` who runs what."""

    def __init__(self) -> None:
        self.saves: list[Operation] = []
        self.runs: dict[str, OperationRun] = {}
        self.is_down = False

    @property
    def kept(self) -> Mapping[str, Operation]:
        return {operation.id: operation for operation in self.saves}

    async def add(self, operation: Operation, run: OperationRun) -> None:
        self._reach()
        self.runs[operation.id] = run
        self.saves.append(deepcopy(operation))

    async def save(self, operation: Operation, run: OperationRun, *, heard_at: datetime | None) -> bool:
        self._reach()
        known = self.runs.get(operation.id)
        if known is None or known.token != run.token:
            return False
        self.runs[operation.id] = replace(known, heard_at=heard_at)
        self.saves.append(deepcopy(operation))
        return True

    async def unfinished(self) -> Sequence[OperationRun]:
        self._reach()
        return [self.runs[operation.id] for operation in self.kept.values() if operation.finished_at is None]

    async def take_over(self, left: OperationRun, run: OperationRun) -> bool:
        self._reach()
        if self.runs[left.operation_id] != left:
            return False
        self.runs[left.operation_id] = run
        return True

    async def get(self, operation_id: str) -> Operation | None:
        return deepcopy(self.kept.get(operation_id))

    async def list(self, *, limit: int, offset: int = 0) -> Sequence[Operation]:
        return list(self.kept.values())[offset : offset + limit]

    def _reach(self) -> None:
        if self.is_down:
            raise StorageUnavailable("the fake database is down")
