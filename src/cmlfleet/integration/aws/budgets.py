"""How often each operation may be asked: token buckets below AWS's own.

AWS's buckets are shared with every other tool of the account, so ours take half ("Request throttling for the Amazon
EC2 API"; "CloudWatch endpoints and quotas").
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.integration.aws.instruments import forget_budgets, watch_budgets
from cmlfleet.integration.aws.scope import AwsScope

Clock = Callable[[], float]
"""Seconds that never go back."""

RECOVERY_SECONDS = 90.0  # from the last throttle to full size again
_SMALLEST_FACTOR = 1 / 16  # a budget never dries up: somebody has to notice that the throttling is over
_SHRINK_AT_MOST_EVERY_SECONDS = 1.0  # answers to calls that were in flight together count once


@dataclass(frozen=True, slots=True)
class BudgetSize:
    """Calls at once, and calls a second."""

    capacity: float
    refill_per_second: float


SIZES = {
    "DescribeInstances": BudgetSize(50, 10),  # AWS: 100 and 20
    "DescribeInstances by id": BudgetSize(25, 5),  # AWS: 50 and 10
    "DescribeInstanceStatus": BudgetSize(50, 10),
    "DescribeInstanceStatus by id": BudgetSize(25, 5),
    "GetMetricData": BudgetSize(15, 8),  # AWS: 500, but also 180,000 datapoints, of which a full call takes 10,000
    "ListMetrics": BudgetSize(10, 5),  # AWS: 25 and 25
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """What a budget looks like now. `factor` is 1 when whole, less after AWS throttled the operation."""

    account_id: AccountId
    region: Region
    operation: str
    tokens: float
    capacity: float
    refill_per_second: float
    factor: float
    waiting: int
    throttled: int
    throttled_seconds_ago: float | None


class Budget:
    """The token bucket of one operation in one account and region."""

    def __init__(self, size: BudgetSize, *, clock: Clock) -> None:
        self._size = size
        self._clock = clock
        self._tokens = size.capacity
        self._filled_at = clock()
        self._turn = asyncio.Lock()
        self._shrunk_to = 1.0
        self._shrunk_at: float | None = None
        self.waiting = 0
        self.throttled_count = 0

    @property
    def factor(self) -> float:
        """How much of the full size holds: it grows back evenly over `RECOVERY_SECONDS`."""
        if self._shrunk_at is None:
            return 1.0
        recovered = (self._clock() - self._shrunk_at) / RECOVERY_SECONDS
        return min(1.0, self._shrunk_to + (1.0 - self._shrunk_to) * recovered)

    async def take(self) -> None:
        """Wait for a token, first come, first served."""
        self.waiting += 1
        try:
            async with self._turn:
                while (seconds := self._seconds_to_wait()) > 0:  # noqa: ASYNC110 - a throttle answer moves it
                    await asyncio.sleep(seconds)
                self._tokens -= 1
        finally:
            self.waiting -= 1

    def throttled(self) -> None:
        """AWS has throttled the operation: half the size from now on, and no burst. How long the first wait is
        differs from budget to budget: those of other regions and processes may have shrunk at this very moment."""
        self.throttled_count += 1
        now = self._clock()
        if self._shrunk_at is not None and now - self._shrunk_at < _SHRINK_AT_MOST_EVERY_SECONDS:
            return
        self._fill()
        self._shrunk_to = max(_SMALLEST_FACTOR, self.factor / 2)
        self._shrunk_at = now
        self._tokens = -random.random()

    def state(self, *, scope: AwsScope, operation: str) -> BudgetState:
        self._fill()
        return BudgetState(
            account_id=scope.account_id,
            region=scope.region,
            operation=operation,
            tokens=max(0.0, self._tokens),
            capacity=self._size.capacity,
            refill_per_second=self._size.refill_per_second * self.factor,
            factor=self.factor,
            waiting=self.waiting,
            throttled=self.throttled_count,
            throttled_seconds_ago=None if self._shrunk_at is None else self._clock() - self._shrunk_at,
        )

    def _fill(self) -> None:
        now = self._clock()
        factor = self.factor
        gained = (now - self._filled_at) * self._size.refill_per_second * factor
        self._tokens = min(max(1.0, self._size.capacity * factor), self._tokens + gained)
        self._filled_at = now

    def _seconds_to_wait(self) -> float:
        self._fill()
        return (1.0 - self._tokens) / (self._size.refill_per_second * self.factor)


class Budgets:
    """All budgets, made as they are needed."""

    def __init__(self, *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._budgets = dict[tuple[AwsScope, str], Budget]()
        watch_budgets(self)

    def of(self, scope: AwsScope, operation: str) -> Budget:
        """Raises KeyError for an operation that has no size in `SIZES`."""
        budget = self._budgets.get((scope, operation))
        if budget is None:
            budget = self._budgets[scope, operation] = Budget(SIZES[operation], clock=self._clock)
        return budget

    def close(self) -> None:
        """No longer show them as a metric."""
        forget_budgets(self)

    def snapshot(self) -> list[BudgetState]:
        """Every budget in use, by account, region and operation."""
        return [
            budget.state(scope=scope, operation=operation)
            for (scope, operation), budget in sorted(self._budgets.items(), key=lambda each: each[0])
        ]
