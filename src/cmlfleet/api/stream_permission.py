"""An event stream lasts for hours: who listens may lose the right to meanwhile."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def while_allowed(
    changes: AsyncIterator[T], is_allowed: Callable[[], Awaitable[bool]], *, check_seconds: float
) -> AsyncGenerator[T]:
    """The changes, until `is_allowed` says no: it is asked every `check_seconds`, whatever changes."""
    upcoming = asyncio.ensure_future(anext(changes))
    checked_at = time.monotonic()
    try:
        while True:
            left = max(0.0, checked_at + check_seconds - time.monotonic())
            await asyncio.wait({upcoming}, timeout=left)
            if time.monotonic() - checked_at >= check_seconds:
                if not await is_allowed():
                    return
                checked_at = time.monotonic()
            if upcoming.done():
                try:
                    change = upcoming.result()
                except StopAsyncIteration:
                    return
                upcoming = asyncio.ensure_future(anext(changes))
                yield change
    finally:
        upcoming.cancel()
        with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
            await upcoming
        if isinstance(changes, AsyncGenerator):
            await changes.aclose()
