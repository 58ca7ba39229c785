"""Callers of the same work at the same moment share one run."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedRuns(Generic[T]):
    """A run goes on when one of its callers gives up: the others still wait for it."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[T]] = {}

    def current(self, key: Hashable) -> "asyncio.Task[T] | None":
        """The run under way for this key."""
        return self._running.get(key)

    async def run(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Join the run under way for the key, or start it; every caller gets its answer or its exception."""
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(work())
            self._running[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End what still runs, whose callers gave up: it must not outlive what it works with."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _forget(self, key: Hashable, task: "asyncio.Task[T]") -> None:
        if self._running.get(key) is task:
            del self._running[key]
        if not task.cancelled():
            task.exception()  # every caller may have given up; an exception nobody asks for is noise
