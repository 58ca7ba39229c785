"""One run for all who want the same at the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from cmlfleet.integration.aws.instruments import context_of_span

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class SingleFlight(Generic[K, T]):
    """Callers of a key share the run that is under way. One that gives up leaves it to the others. The run is below
    the first caller's span."""

    def __init__(self) -> None:
        self._running = dict[K, asyncio.Task[T]]()

    async def run(self, key: K, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of the run under way, or of a new one. Raises what `work` raises."""
        task = self._running.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(work(), context=context_of_span())
            self._running[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Cancel what is under way."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, key: K, task: asyncio.Task[T]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # seen here, should every caller have given up
