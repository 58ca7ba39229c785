"""Long work over many workers, with its progress where everybody can see it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from copy import deepcopy
from uuid import uuid4

import structlog

from cmlfleet.application.clock import Clock
from cmlfleet.application.ports.storage import (
    Operation,
    OperationItem,
    OperationRun,
    OperationStore,
    StorageUnavailable,
)
from cmlfleet.application.principal import Kind, Principal, Role
from cmlfleet.application.services.batched_slots import BatchedSlots
from cmlfleet.domain.identifiers import WorkerId

SAVE_EVERY_SECONDS = 1.0  # progress is for people, and says that the run lives
LOOK_EVERY_SECONDS = 5.0  # for what processes that died left behind
SILENT_SECONDS = 15.0  # of a run that saved nothing for so long the process is dead

logger = structlog.get_logger(__name__)

OneWorker = Callable[[WorkerId, Principal], Awaitable[str | None]]
"""Does the work for one worker and answers a word on it; what it raises is that item's failure. It may be done twice:
a process that dies leaves it open whether it was."""


class _TakenOver(Exception):
    """Somebody else runs the operation now, or the database that knew it was replaced."""


class OperationRunner:
    """Runs operations in the background of this process; observers hear of each saved step.

    What another process left unfinished goes on here, with the items that were not done: at once when it was handed
    back, else after `silent_seconds` without a sign of life. A run that was taken for dead and was not saves nothing
    more, and ends. `works` has an entry for each kind of operation; other kinds are another version's.
    """

    def __init__(
        self,
        *,
        store: OperationStore,
        clock: Clock,
        observe: Callable[[Operation], None],
        works: Mapping[str, OneWorker],
        process_id: str,
        silent_seconds: float,
    ) -> None:
        self._store = store
        self._clock = clock
        self._observe = observe
        self._works = works
        self._process_id = process_id
        self._silent_seconds = silent_seconds
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._unchanged: dict[str, tuple[OperationRun, float]] = {}
        self._watching: asyncio.Task[None] | None = None

    async def start(self, kind: str, workers: Mapping[WorkerId, str], *, started_by: Principal) -> Operation:
        """Store the operation and begin with it: for each worker, by its name. Raises StorageUnavailable."""
        operation = Operation(
            id=f"op-{uuid4().hex[:16]}",
            kind=kind,
            state="running" if workers else "done",
            done=0,
            total=len(workers),
            items=[OperationItem(worker_id=worker_id, name=name) for worker_id, name in workers.items()],
            created_by=started_by.name,
            within=started_by.limit,
            created_at=self._clock(),
            finished_at=None if workers else self._clock(),
        )
        run = self._own_run(operation.id)
        await self._store.add(operation, run)
        self._observe(operation)
        started = deepcopy(operation)
        if workers:
            self._begin(operation, run, started_by)
        return started

    def watch(self) -> None:
        """Take over what others leave unfinished, from now on."""
        self._watching = asyncio.ensure_future(self._watch())

    async def close(self) -> None:
        """Stop what runs, and hand it back."""
        tasks = [*self._runs.values()] if self._watching is None else [self._watching, *self._runs.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _own_run(self, operation_id: str) -> OperationRun:
        return OperationRun(
            operation_id=operation_id, owner=self._process_id, token=uuid4().hex, heard_at=self._clock()
        )

    def _begin(self, operation: Operation, run: OperationRun, principal: Principal) -> None:
        task = asyncio.ensure_future(self._run(operation, run, principal))
        self._runs[operation.id] = task
        task.add_done_callback(lambda _: self._runs.pop(operation.id, None))

    async def _run(self, operation: Operation, run: OperationRun, principal: Principal) -> None:
        try:
            await self._run_to_the_end(operation, run, principal)
        except asyncio.CancelledError:
            await self._hand_back(operation, run)
            raise

    async def _run_to_the_end(self, operation: Operation, run: OperationRun, principal: Principal) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                reporting = group.create_task(self._report(operation, run))
                await self._work_off(operation, principal)
                reporting.cancel()
            failed = sum(item.state == "failed" for item in operation.items)
            operation.state = "done" if not failed else "failed" if failed == operation.total else "partly_failed"
            operation.finished_at = self._clock()
            if not await self._save(operation, run):
                await self._report(operation, run)
        except* _TakenOver:
            logger.info("operation_run_elsewhere", operation_id=operation.id)

    async def _work_off(self, operation: Operation, principal: Principal) -> None:
        slots, work = BatchedSlots(), self._works[operation.kind]
        left = [item for item in operation.items if item.state in ("pending", "running")]
        operation.done = operation.total - len(left)
        await asyncio.gather(*(_one(operation, item, work, principal, slots) for item in left))

    async def _report(self, operation: Operation, run: OperationRun) -> None:
        """Until the end is saved."""
        while True:
            await asyncio.sleep(SAVE_EVERY_SECONDS)
            if await self._save(operation, run) and operation.finished_at is not None:
                return

    async def _save(self, operation: Operation, run: OperationRun) -> bool:
        """Whether it could be saved. Raises _TakenOver."""
        try:
            is_ours = await self._store.save(operation, run, heard_at=self._clock())
        except StorageUnavailable as error:
            logger.warning("operation_not_saved", operation_id=operation.id, error=str(error))
            return False
        if not is_ours:
            raise _TakenOver
        self._observe(operation)
        return True

    async def _hand_back(self, operation: Operation, run: OperationRun) -> None:
        try:
            await self._store.save(operation, run, heard_at=None)
        except StorageUnavailable as error:
            logger.warning("operation_not_handed_back", operation_id=operation.id, error=str(error))

    async def _watch(self) -> None:
        while True:
            try:
                for run in await self._left_behind():
                    await self._take_over(run)
            except StorageUnavailable:
                self._unchanged = {}  # nobody else could save a sign of life either
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _left_behind(self) -> list[OperationRun]:
        """By our own clock alone: those of other machines may be wrong."""
        now = time.monotonic()
        unchanged: dict[str, tuple[OperationRun, float]] = {}
        for run in await self._store.unfinished():
            known, since = self._unchanged.get(run.operation_id, (None, now))
            unchanged[run.operation_id] = (run, since if known == run else now)
        self._unchanged = unchanged
        return [
            run
            for run, since in unchanged.values()
            if run.operation_id not in self._runs and (run.heard_at is None or now - since >= self._silent_seconds)
        ]

    async def _take_over(self, left: OperationRun) -> None:
        operation, run = await self._store.get(left.operation_id), self._own_run(left.operation_id)
        if operation is None or operation.kind not in self._works or not await self._store.take_over(left, run):
            return  # another process was quicker, or it lives after all
        logger.info("operation_taken_over", operation_id=operation.id, left_by=left.owner)
        # Whoever started it was allowed to, and that is in the audit trail.
        self._begin(
            operation, run, Principal(operation.created_by, Role.OPERATOR, operation.within, kind=Kind.SERVICE)
        )


async def _one(
    operation: Operation, item: OperationItem, work: OneWorker, principal: Principal, slots: BatchedSlots
) -> None:
    async with slots:
        item.state = "running"
        try:
            item.detail = await work(item.worker_id, principal)
            item.state = "done"
        except Exception as error:
            item.detail, item.state = str(error) or type(error).__name__, "failed"
        operation.done += 1
