"""Ten thousand workers of eight accounts and regions, throttled for ten minutes: two minutes later it is over."""

import asyncio
from dataclasses import dataclass, field
from math import ceil

import pytest
from tests.support.virtual_time import run_in_virtual_time

from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.budgets import SIZES, Budgets
from cmlfleet.integration.aws.call_failure import AwsCallError
from cmlfleet.integration.aws.get_metric_data import QUERIES_LIMIT
from cmlfleet.integration.aws.paging import LARGEST_PAGE
from cmlfleet.integration.aws.retries import with_retries
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.settings import AwsLimits

SCOPES = [AwsScope(AccountId(f"{account:012}"), Region(f"r-{region}")) for account in (1, 2) for region in range(4)]
WORKERS = 10_000 // len(SCOPES)
CALLS = {
    "DescribeInstances": ceil(WORKERS / LARGEST_PAGE),
    "DescribeInstanceStatus": ceil(WORKERS / LARGEST_PAGE),
    "GetMetricData": ceil(2 * WORKERS / QUERIES_LIMIT),
}
INTERVAL_SECONDS = 60.0
THROTTLED_SECONDS = 600.0
RECOVERED_SECONDS = 120.0


@dataclass
class Throttling:
    """AWS, which throttles all calls at first; and what was seen of it."""

    budgets: Budgets
    last_throttled_at: float = 0.0
    rounds: list[tuple[float, float, int]] = field(default_factory=list[tuple[float, float, int]])

    async def call(self, scope: AwsScope, operation: str) -> None:
        """One call with its retries."""
        budget = self.budgets.of(scope, operation)

        async def attempt() -> None:
            await budget.take()
            now = asyncio.get_running_loop().time()
            if now < THROTTLED_SECONDS:
                self.last_throttled_at = now
                budget.throttled()
                raise AwsCallError(ErrorCode.THROTTLED, "Rate exceeded", operation=operation)

        await with_retries(
            attempt, may_pass=lambda _: True, turn=asyncio.Semaphore(), limit_seconds=AwsLimits().total_seconds
        )

    async def round(self) -> None:
        """What a minute's refresh of everyone asks; its start, its seconds and its failures are kept."""
        clock = asyncio.get_running_loop().time
        began = clock()
        answers = await asyncio.gather(
            *(self.call(scope, name) for scope in SCOPES for name, count in CALLS.items() for _ in range(count)),
            return_exceptions=True,
        )
        self.rounds.append((began, clock() - began, sum(isinstance(each, Exception) for each in answers)))
        await asyncio.sleep(INTERVAL_SECONDS - (clock() - began))


async def _throttled_and_over() -> tuple[Throttling, list[float]]:
    """What was seen, and how much of its size each budget has two minutes after the last throttle answer."""
    clock = asyncio.get_running_loop().time
    aws = Throttling(Budgets(clock=clock))
    while clock() < THROTTLED_SECONDS:
        await aws.round()
    recovered_at = aws.last_throttled_at + RECOVERED_SECONDS
    while clock() + INTERVAL_SECONDS <= recovered_at:
        await aws.round()
    await asyncio.sleep(recovered_at - clock())
    factors = [state.factor for state in aws.budgets.snapshot()]
    burst = [aws.budgets.of(scope, name).take() for scope in SCOPES for name in CALLS for _ in range(_size(name))]
    began = clock()
    await asyncio.gather(*burst)
    assert clock() == began, "a whole burst has to wait"
    aws.budgets.close()
    return aws, factors


def _size(operation: str) -> int:
    return int(SIZES[operation].capacity)


@pytest.fixture(scope="module")
def seen() -> tuple[Throttling, list[float]]:
    return run_in_virtual_time(_throttled_and_over())


def test_the_first_round_after_it_is_whole_and_in_time(seen: tuple[Throttling, list[float]]) -> None:
    aws, _ = seen
    calls = len(SCOPES) * sum(CALLS.values())
    assert all(failures == calls for began, _, failures in aws.rounds if began < THROTTLED_SECONDS)
    after = [(seconds, failures) for began, seconds, failures in aws.rounds if began >= THROTTLED_SECONDS]
    assert after
    assert all(seconds < INTERVAL_SECONDS / 2 and failures == 0 for seconds, failures in after)


def test_two_minutes_after_the_last_throttle_each_operation_has_its_full_rate(
    seen: tuple[Throttling, list[float]],
) -> None:
    _, factors = seen
    assert factors == [1.0] * len(SCOPES) * len(CALLS)
