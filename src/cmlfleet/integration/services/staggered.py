"""One after the other on one connection, unless one of them is slow."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

Job = Callable[[], Awaitable[object]]


async def run_staggered(jobs: Sequence[Job], *, patience_seconds: float) -> None:
    """Run all jobs; the next begins when one is done, or after `patience_seconds` of waiting for it.

    A warm controller is read over a single kept-alive connection (ten thousand of them are dear in memory and open
    files), and yet one route that hangs does not keep the others waiting. An exception cancels the other jobs.
    """
    if not jobs:
        return
    async with asyncio.TaskGroup() as group:
        await _Queue(jobs, group=group, patience_seconds=patience_seconds).work_off(0)


class _Queue:
    """A class and not closures that call each other: they would leave a cycle with all that was read for the garbage
    collector, at each reading."""

    def __init__(self, jobs: Sequence[Job], *, group: asyncio.TaskGroup, patience_seconds: float) -> None:
        self._waiting = deque(jobs)
        self._group = group
        self._patience_seconds = patience_seconds
        self._loop = asyncio.get_running_loop()
        self._turn = 0
        self._patient_until = 0.0
        # One for all jobs: nearly every one of them is done long before its patience is over.
        self._timer: asyncio.TimerHandle | None = self._loop.call_later(patience_seconds, self._look)

    async def work_off(self, turn: int) -> None:
        """Until a job takes too long: whoever is overtaken leaves the rest to the next."""
        try:
            while self._waiting and self._turn == turn:
                job = self._waiting.popleft()
                self._patient_until = self._loop.time() + self._patience_seconds
                await job()
        except BaseException:
            self._waiting.clear()  # the group takes no more tasks, but the timer may still fire
            raise
        finally:
            if not self._waiting and self._timer is not None:
                self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        if not self._waiting:
            return
        if self._loop.time() >= self._patient_until:
            self._turn += 1
            self._patient_until = self._loop.time() + self._patience_seconds
            self._group.create_task(self.work_off(self._turn))
        self._timer = self._loop.call_at(self._patient_until, self._look)
