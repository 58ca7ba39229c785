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
    loop = asyncio.get_running_loop()
    waiting = deque(jobs)
    is_ending = False

    async with asyncio.TaskGroup() as group:

        async def run_in_turn() -> None:
            nonlocal is_ending
            overtaken = False

            def overtake() -> None:
                nonlocal overtaken
                overtaken = True
                if not is_ending:
                    group.create_task(run_in_turn())

            while waiting and not overtaken:
                job = waiting.popleft()
                # A timer costs a tenth of a task, and nearly every job is done before it fires.
                patience = loop.call_later(patience_seconds, overtake)
                try:
                    await job()
                except BaseException:
                    is_ending = True  # the group takes no more tasks, but others' timers may still fire
                    raise
                finally:
                    patience.cancel()

        await run_in_turn()
