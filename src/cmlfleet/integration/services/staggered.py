"""One after the other on one connection, unless one of them is slow."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

Job = Callable[[], Awaitable[None]]


async def run_staggered(jobs: Sequence[Job], *, patience_seconds: float) -> None:
    """Run all jobs; the next begins when one is done, or after `patience_seconds` of waiting for it.

    A warm controller is read over a single kept-alive connection (ten thousand of them are dear in memory and open
    files), and yet one route that hangs does not keep the others waiting. An exception cancels the other jobs.
    """
    async with asyncio.TaskGroup() as group:
        await _Queue(jobs, group=group, patience_seconds=patience_seconds).work_off(0)


class _Queue:
    """A class and not closures that call each other: they would leave a cycle with all that was read for the garbage
    collector, at each reading."""

    def __init__(self, jobs: Sequence[Job], *, group: asyncio.TaskGroup, patience_seconds: float) -> None:
        self._waiting = deque(jobs)
        self._group = group
        self._patience_seconds = patience_seconds
        self._turn = 0
        self._is_ending = False

    async def work_off(self, turn: int) -> None:
        """Until a job takes too long: whoever is overtaken leaves the rest to the next."""
        loop = asyncio.get_running_loop()
        while self._waiting and self._turn == turn:
            job = self._waiting.popleft()
            # A timer costs a tenth of a task, and nearly every job is done before it fires.
            patience = loop.call_later(self._patience_seconds, self._overtake)
            try:
                await job()
            except BaseException:
                self._is_ending = True  # the group takes no more tasks, but others' timers may still fire
                raise
            finally:
                patience.cancel()

    def _overtake(self) -> None:
        self._turn += 1
        if not self._is_ending:
            self._group.create_task(self.work_off(self._turn))
