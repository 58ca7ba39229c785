"""Refreshing many workers because somebody asked, as an operation to follow."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from cmlfleet.application.errors import OutsideLimit, WorkerNotFound
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.reading import FleetReader
from cmlfleet.application.ports.storage import Operation, WorkerStore
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.criteria import WorkerCriteria
from cmlfleet.application.queries.views import RefreshReport
from cmlfleet.application.services.operation_runner import OneWorker, OperationRunner
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, WorkerStatus
from cmlfleet.domain.identifiers import WorkerId

PAGE = 1000
REFRESH = "refresh"
"""The kind of the operation."""

RefreshOne = Callable[[WorkerId, Principal], Awaitable[RefreshReport]]
"""Dispatches RefreshWorkerMetricsCommand through the mediator."""


def refresh_of_one(refresh: RefreshOne) -> OneWorker:
    """What the operation does for each worker; its word names the sources that failed."""

    async def work(worker_id: WorkerId, principal: Principal) -> str | None:
        result = await refresh(worker_id, principal)
        failing = {
            "ec2": result.sources.ec2.error_code,
            "cloudwatch": result.sources.cloudwatch.error_code,
            "cml": result.sources.cml.error_code,
        }
        return ", ".join(f"{source}: {code}" for source, code in failing.items() if code) or None

    return work


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshWorkersCommand(Message[Operation]):
    """The named workers, else all that the criteria select, else the whole fleet."""

    worker_ids: tuple[WorkerId, ...] | None = None
    criteria: WorkerCriteria | None = None


class RefreshWorkersCommandHandler:
    """Selects, and starts the operation. Raises WorkerNotFound for a named worker that is not known, and
    OutsideLimit, which tells its sender the same."""

    def __init__(self, *, reader: FleetReader, workers: WorkerStore, operations: OperationRunner) -> None:
        self._reader = reader
        self._workers = workers
        self._operations = operations

    async def handle_async(self, message: RefreshWorkersCommand, principal: Principal) -> Operation:
        """The operation as it was started."""
        workers = await self._select(message, principal.limit)
        return await self._operations.start(REFRESH, workers, started_by=principal)

    async def _select(self, message: RefreshWorkersCommand, limit: TeamLimit | None) -> Mapping[WorkerId, str]:
        if message.worker_ids is None:
            criteria = replace(message.criteria or WorkerCriteria(), within=limit)
            return {state.id: state.name async for state in self._matching(criteria) if not state.is_gone}
        if limit is None:
            known = await self._reader.names(message.worker_ids)
        else:
            every = WorkerCriteria(status=tuple(WorkerStatus), within=limit)
            known = {state.id: state.name async for state in self._matching(every)}
        for worker_id in message.worker_ids:
            if worker_id not in known:
                exists = limit is not None and await self._workers.load(worker_id) is not None
                raise OutsideLimit(worker_id) if exists else WorkerNotFound(worker_id)
        return {worker_id: known[worker_id] for worker_id in message.worker_ids}

    async def _matching(self, criteria: WorkerCriteria) -> AsyncIterator[CMLWorkerState]:
        cursor: str | None = None
        while True:
            page = await self._reader.find_states(replace(criteria, limit=PAGE, cursor=cursor, offset=0))
            for state in page.items:
                yield state
            cursor = page.next_cursor
            if cursor is None:
                return
