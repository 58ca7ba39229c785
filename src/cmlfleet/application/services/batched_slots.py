"""A limit on how much goes on at once that lets those who wait go in batches."""

import asyncio
import contextlib
from collections import deque
from types import TracebackType

AT_ONCE = 1000  # one page of EC2's instances
BATCH = 500  # so many set out together: half of what goes on may hang, and the rest still gets its turn


class BatchedSlots:
    """An asynchronous context manager, as a semaphore is one.

    A semaphore lets the next one go whenever one is done, and who sets out alone is asked for alone. Here those who
    wait set out together once there is room for `batch` of them (or for all), so that sources are asked in few calls.
    """

    def __init__(self, *, at_once: int = AT_ONCE, batch: int = BATCH) -> None:
        self._free = at_once
        self._batch = batch
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        if self._free > 0 and not self._waiting:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with contextlib.suppress(ValueError):  # it may have been passed over since
                    self._waiting.remove(turn)
            else:  # it was let go at the same moment
                self._leave()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self._free += 1
        if self._free >= min(self._batch, len(self._waiting)):
            for _ in range(min(self._free, len(self._waiting))):
                turn = self._waiting.popleft()
                if not turn.done():
                    self._free -= 1
                    turn.set_result(None)
