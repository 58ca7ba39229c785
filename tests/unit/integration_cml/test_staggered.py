"""One after the other, unless one is slow."""

import asyncio

import pytest

from cmlfleet.integration.services.staggered import run_staggered


async def test_jobs_run_one_after_the_other():
    running = 0
    done = list[int]()

    def job(number: int):
        async def run() -> None:
            nonlocal running
            running += 1
            assert running == 1
            await asyncio.sleep(0)
            running -= 1
            done.append(number)

        return run

    await run_staggered([job(number) for number in range(5)], patience_seconds=10)

    assert done == [0, 1, 2, 3, 4]


async def test_a_slow_job_is_not_waited_for():
    release = asyncio.Event()

    async def slow() -> None:
        await release.wait()

    async def quick() -> None:
        release.set()

    async with asyncio.timeout(5):
        await run_staggered([slow, quick], patience_seconds=0.01)


async def test_a_cancelled_run_cancels_its_jobs():
    cancelled = list[str]()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("hang")
            raise

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await run_staggered([hang, hang], patience_seconds=0.01)

    assert cancelled == ["hang", "hang"]
