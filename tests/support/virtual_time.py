"""An event loop whose clock jumps to the next timer: minutes of waiting pass at once, in the same order each time."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.jumped_seconds = 0.0

    def select(self, timeout: float | None = None) -> Any:
        """Nothing outside this loop is waited for, so the wait for a timer is over at once."""
        if timeout is None:
            return super().select()
        self.jumped_seconds += max(0.0, timeout)
        return super().select(0)


class _VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _JumpingSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        """Seconds that were waited for."""
        return self._clock.jumped_seconds


def run_in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end; only timers, no sockets and no threads."""
    with asyncio.Runner(loop_factory=_VirtualTimeLoop) as runner:
        return runner.run(work)
