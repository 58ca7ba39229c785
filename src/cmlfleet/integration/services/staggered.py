"""One after the other on one connection, unless one of them is slow."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

Job = Callable[[], Awaitable[None]]


async def run_staggered(jobs: Sequence[Job], *, patience_seconds: float) -> None:
    """Run all jobs; the next begins when one is done, or after `patience_seconds` of waiting for it.

    A warm controller is read over a single kept-alive connection (ten thousand of them are dear in memory and open
    files), and yet one route that hangs does not keep the others waiting. An exception cancels the other jobs.
    """
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            task = group.create_task(_run(job))
            await asyncio.wait({task}, timeout=patience_seconds)


async def _run(job: Job) -> None:
    await job()
