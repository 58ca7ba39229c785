"""Refreshes that do not wait for the schedule: of what was adopted, and of what a sweep shows to have changed."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

import structlog

from cmlfleet.application.errors import WorkerNotFound
from cmlfleet.application.principal import Principal
from cmlfleet.application.services.batched_slots import BatchedSlots
from cmlfleet.domain.identifiers import WorkerId

Refresh = Callable[[WorkerId, Principal, bool], Awaitable[object]]
"""Dispatches RefreshWorkerMetricsCommand; the last argument says whether it is a background refresh."""

logger = structlog.get_logger(__name__)


class PromptRefreshes:
    """Runs refreshes beside whoever asked for them; `close` stops what runs."""

    def __init__(self, refresh: Refresh) -> None:
        self._refresh = refresh
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = BatchedSlots()

    def start(self, worker_ids: Iterable[WorkerId], principal: Principal, *, background: bool = False) -> None:
        """Refresh each worker soon; a failure is logged, and the schedule asks again anyway."""
        for worker_id in worker_ids:
            task = asyncio.ensure_future(self._run(worker_id, principal, background))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop what has not been finished; the schedule does it after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, worker_id: WorkerId, principal: Principal, background: bool) -> None:
        async with self._slots:
            try:
                with contextlib.suppress(WorkerNotFound):  # forgotten meanwhile
                    await self._refresh(worker_id, principal, background)
            except Exception as error:
                logger.warning("prompt_refresh_failed", worker_id=worker_id, error=repr(error))
