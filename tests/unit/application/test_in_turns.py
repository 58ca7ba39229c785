"""Much work does not keep the event loop from everybody else."""

import asyncio

import pytest

from cmlfleet.application.in_turns import map_in_turns


@pytest.mark.parametrize("count", [0, 1, 100, 101, 1000])
async def test_every_item_is_done_in_order(count: int) -> None:
    assert await map_in_turns(str, range(count)) == [str(number) for number in range(count)]


async def test_others_have_their_turn_meanwhile() -> None:
    done: list[int] = []
    seen: list[int] = []

    async def watch() -> None:
        while len(done) < 1000:
            seen.append(len(done))
            await asyncio.sleep(0)

    watching = asyncio.ensure_future(watch())
    await map_in_turns(done.append, range(1000))
    await watching
    assert seen == list(range(100, 1000, 100))
