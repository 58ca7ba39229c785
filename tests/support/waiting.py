"""Waiting for a condition instead of the clock."""

import asyncio
import time
from collections.abc import Awaitable, Callable

POLL_SECONDS = 0.01  # short against any condition worth waiting for, long against a busy loop


async def until(
    condition: Callable[[], object | Awaitable[object]],
    *,
    timeout_seconds: float = 10.0,
    what: str = "the condition",
) -> None:
    """Return once `condition()` (a plain value or an awaitable) is true; fail the test when it never is."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        outcome = condition()
        if isinstance(outcome, Awaitable):
            outcome = await outcome
        if outcome:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not hold within {timeout_seconds} s")
        await asyncio.sleep(POLL_SECONDS)


def wait_until(
    condition: Callable[[], object], *, timeout_seconds: float = 10.0, what: str = "the condition"
) -> None:
    """The same for tests without an event loop."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not hold within {timeout_seconds} s")
        time.sleep(POLL_SECONDS)
