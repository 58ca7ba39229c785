"""Callers of one moment share a run; what nobody waits for any more ends with the service."""

import asyncio

import pytest

from cmlfleet.application.services.shared_runs import SharedRuns


async def test_callers_of_one_moment_share_a_run():
    runs: SharedRuns[int] = SharedRuns()
    begun = 0

    async def work() -> int:
        nonlocal begun
        begun += 1
        await asyncio.sleep(0)
        return begun

    assert await asyncio.gather(runs.run("a", work), runs.run("a", work)) == [1, 1]
    assert await runs.run("a", work) == 2


async def test_closing_ends_a_run_whose_caller_gave_up():
    runs: SharedRuns[None] = SharedRuns()
    has_begun, has_ended = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        has_begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            has_ended.set()

    caller = asyncio.ensure_future(runs.run("a", hang))
    await has_begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert not has_ended.is_set()

    await runs.close()

    assert has_ended.is_set()
    assert runs.current("a") is None
