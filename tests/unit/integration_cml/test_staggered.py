"""One after the other, unless one is slow."""

import asyncio

import pytest
from tests.support.cyclic_garbage import cyclic_garbage

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


async def test_nothing_of_it_waits_for_the_garbage_collector():
    async def job() -> None:
        await asyncio.sleep(0)

    with cyclic_garbage() as found:
        await run_staggered([job, job], patience_seconds=10)
    assert [thing for thing in found if isinstance(thing, asyncio.TaskGroup)] == []


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


async def test_nothing_begins_while_a_cancelled_job_takes_its_time_to_end():
    complaints = list[str]()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))
    has_begun, has_tidied = asyncio.Event(), asyncio.Event()
    late_began = False

    async def fail() -> None:
        await has_begun.wait()
        raise ValueError

    async def tidy_up() -> None:
        has_begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            loop.call_later(0.1, has_tidied.set)  # its turn's patience is over before
            await has_tidied.wait()

    async def late() -> None:
        nonlocal late_began
        late_began = True

    with pytest.raises(ExceptionGroup):
        await run_staggered([fail, tidy_up, late], patience_seconds=0.02)

    assert not late_began
    assert not complaints
