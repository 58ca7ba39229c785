"""An event stream ends soon after its listener lost the right to it, whether anything changes or not."""

import asyncio
from collections.abc import AsyncGenerator

from cmlfleet.api.stream_permission import while_allowed


class Changes:
    """A stream with a change whenever a test puts one in; knows whether it was closed."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[int] = asyncio.Queue()
        self.closed = False

    async def listen(self) -> AsyncGenerator[int]:
        try:
            while True:
                yield await self.queue.get()
        finally:
            self.closed = True


async def test_changes_pass_while_they_may() -> None:
    changes = Changes()

    async def allowed() -> bool:
        return True

    stream = while_allowed(changes.listen(), allowed, check_seconds=0.0)
    for number in range(3):
        changes.queue.put_nowait(number)
        assert await anext(stream) == number
    await stream.aclose()
    assert changes.closed


async def test_a_quiet_stream_ends_when_it_is_forbidden() -> None:
    changes, answers = Changes(), [True, True, False]

    async def allowed() -> bool:
        return answers.pop(0)

    assert [change async for change in while_allowed(changes.listen(), allowed, check_seconds=0.001)] == []
    assert answers == []
    assert changes.closed


async def test_a_change_after_the_right_was_lost_is_not_told() -> None:
    changes = Changes()
    changes.queue.put_nowait(1)

    async def forbidden() -> bool:
        return False

    assert [change async for change in while_allowed(changes.listen(), forbidden, check_seconds=0.0)] == []


async def test_the_end_of_the_changes_is_the_end() -> None:
    async def three() -> AsyncGenerator[int]:
        for number in range(3):
            yield number

    async def allowed() -> bool:
        return True

    assert [change async for change in while_allowed(three(), allowed, check_seconds=10.0)] == [0, 1, 2]
