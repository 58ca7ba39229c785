"""Another attempt after a failure that may pass, at a moment that is nobody else's."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from itertools import count
from typing import TypeVar

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.call_failure import AwsCallError

T = TypeVar("T")

ATTEMPTS = 3
_TRANSIENT_BASE_SECONDS = 0.1
_THROTTLED_BASE_SECONDS = 1.0  # AWS's buckets refill by the second


async def with_retries(
    attempt: Callable[[], Awaitable[T]],
    *,
    may_pass: Callable[[AwsCallError], bool],
    turn: AbstractAsyncContextManager[None],
    limit_seconds: float,
) -> T:
    """What `attempt` answers, in its turn, within the limit that counts the wait for the turn too. Raises the last
    failure, or TimeoutError when the limit passed before any."""
    last: AwsCallError | None = None
    try:
        async with asyncio.timeout(limit_seconds), turn:
            for number in count(1):
                try:
                    return await attempt()
                except AwsCallError as failure:
                    last = failure
                    if number == ATTEMPTS or not may_pass(failure):
                        raise
                await asyncio.sleep(_delay_seconds(last, number))
    except TimeoutError:
        if last is None:
            raise
        raise last from None
    raise AssertionError("the last attempt returns or raises")


def _delay_seconds(failure: AwsCallError, number: int) -> float:
    """Full jitter, so that those who failed together do not come back together. A budget that AWS has throttled
    keeps the shortest of these from being soon."""
    base = _THROTTLED_BASE_SECONDS if failure.code is ErrorCode.THROTTLED else _TRANSIENT_BASE_SECONDS
    return random.uniform(0.0, base * 2**number)
