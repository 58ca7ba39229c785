"""Long work over many workers, with its progress where everybody can see it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from copy import deepcopy
from uuid import uuid4

import structlog

from cmlfleet.application.clock import Clock
from cmlfleet.application.ports.storage import Operation, OperationItem, OperationStore, StorageUnavailable
from cmlfleet.application.principal import Principal
from cmlfleet.application.services.batched_slots import BatchedSlots
from cmlfleet.domain.identifiers import WorkerId

SAVE_EVERY_SECONDS = 1.0  # progress is for people; what a crash loses of it is marked failed at the next start

logger = structlog.get_logger(__name__)

OneWorker = Callable[[WorkerId], Awaitable[str | None]]
"""Does the work for one worker and answers a word on it; what it raises is that item's failure."""


class OperationRunner:
    """Runs operations in the background of this process; observers hear of each saved step."""

    def __init__(self, *, store: OperationStore, clock: Clock, observe: Callable[[Operation], None]) -> None:
        self._store = store
        self._clock = clock
        self._observe = observe
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(
        self, kind: str, worker_ids: Sequence[WorkerId], *, work: OneWorker, started_by: Principal
    ) -> Operation:
        """Store the operation and begin with it. Raises StorageUnavailable."""
        operation = Operation(
            id=f"op-{uuid4().hex[:16]}",
            kind=kind,
            state="running" if worker_ids else "done",
            done=0,
            total=len(worker_ids),
            items=[OperationItem(worker_id=worker_id) for worker_id in worker_ids],
            created_by=started_by.name,
            within=started_by.limit,
            created_at=self._clock(),
            finished_at=None if worker_ids else self._clock(),
        )
        await self._store.save(operation)
        self._observe(operation)
        started = deepcopy(operation)
        if worker_ids:
            task = asyncio.ensure_future(self._run(operation, work))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return started

    async def close(self) -> None:
        """Stop what runs; its items are marked by the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, operation: Operation, work: OneWorker) -> None:
        slots = BatchedSlots()
        reporter = asyncio.ensure_future(self._report(operation))
        try:
            await asyncio.gather(*(self._one(operation, item, work, slots) for item in operation.items))
        finally:
            reporter.cancel()
        failed = sum(item.state == "failed" for item in operation.items)
        operation.state = "done" if not failed else "failed" if failed == operation.total else "partly_failed"
        operation.finished_at = self._clock()
        await self._save(operation)

    async def _one(self, operation: Operation, item: OperationItem, work: OneWorker, slots: BatchedSlots) -> None:
        async with slots:
            item.state = "running"
            try:
                item.detail = await work(item.worker_id)
                item.state = "done"
            except Exception as error:
                item.detail, item.state = str(error) or type(error).__name__, "failed"
            operation.done += 1

    async def _report(self, operation: Operation) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY_SECONDS)
            await self._save(operation)

    async def _save(self, operation: Operation) -> None:
        try:
            await self._store.save(operation)
        except StorageUnavailable as error:
            logger.warning("operation_not_saved", operation_id=operation.id, error=str(error))
        self._observe(operation)
