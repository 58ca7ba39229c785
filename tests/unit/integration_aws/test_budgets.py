"""Token buckets: their size, the wait, and how they shrink and grow back."""

import asyncio

import pytest

from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.integration.aws.budgets import RECOVERY_SECONDS, SIZES, Budget, Budgets, BudgetSize
from cmlfleet.integration.aws.scope import AwsScope

HERE = AwsScope(AccountId("111122223333"), Region("us-east-1"))
THERE = AwsScope(AccountId("111122223333"), Region("us-west-2"))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def _takes(budget: Budget, count: int) -> bool:
    """Whether that many tokens are there without waiting."""
    try:
        async with asyncio.timeout(0.05):
            for _ in range(count):
                await budget.take()
    except TimeoutError:
        return False
    return True


async def test_a_full_bucket_then_the_refill(clock: Clock):
    budget = Budget(BudgetSize(5, 2), clock=clock)
    assert await _takes(budget, 5)
    assert not await _takes(budget, 1)
    clock.now += 1
    assert await _takes(budget, 2)
    assert not await _takes(budget, 1)
    clock.now += 3600
    assert await _takes(budget, 5)
    assert not await _takes(budget, 1)


async def test_whoever_waits_gets_the_next_token():
    budget = Budget(BudgetSize(1, 50), clock=asyncio.get_running_loop().time)
    started = asyncio.get_running_loop().time()
    for _ in range(6):
        await budget.take()
    assert asyncio.get_running_loop().time() - started >= 0.09


async def test_one_that_gives_up_waiting_takes_nothing(clock: Clock):
    budget = Budget(BudgetSize(1, 0.001), clock=clock)
    await budget.take()
    waiting = asyncio.create_task(budget.take())
    await asyncio.sleep(0)
    assert budget.waiting == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert budget.waiting == 0
    clock.now += 1000
    assert await _takes(budget, 1)


async def test_a_throttle_halves_and_time_restores(clock: Clock):
    budget = Budget(BudgetSize(10, 4), clock=clock)
    budget.throttled()
    assert budget.factor == 0.5
    assert not await _takes(budget, 1)
    clock.now += RECOVERY_SECONDS / 2
    assert budget.factor == 0.75
    clock.now += RECOVERY_SECONDS / 2
    assert budget.factor == 1.0
    assert await _takes(budget, 10)


async def test_throttles_of_one_moment_count_once(clock: Clock):
    budget = Budget(BudgetSize(10, 4), clock=clock)
    for _ in range(10):
        budget.throttled()
    assert budget.factor == 0.5
    assert budget.throttled_count == 10


async def test_a_budget_never_dries_up_and_recovers_within_two_minutes(clock: Clock):
    budget = Budget(BudgetSize(10, 4), clock=clock)
    for _ in range(50):
        budget.throttled()
        clock.now += 1
    assert 0 < budget.factor < 0.1
    clock.now += 119
    assert budget.factor == 1.0


async def test_one_operation_of_one_region_shrinks_alone(clock: Clock):
    budgets = Budgets(clock=clock)
    for scope in (HERE, THERE):
        for operation in ("DescribeInstances", "GetMetricData"):
            budgets.of(scope, operation)
    budgets.of(HERE, "DescribeInstances").throttled()
    clock.now += 3
    states = budgets.snapshot()
    assert [(each.region, each.operation, round(each.factor, 2)) for each in states] == [
        ("us-east-1", "DescribeInstances", 0.52),
        ("us-east-1", "GetMetricData", 1.0),
        ("us-west-2", "DescribeInstances", 1.0),
        ("us-west-2", "GetMetricData", 1.0),
    ]
    assert states[0].throttled == 1
    assert states[0].throttled_seconds_ago == 3
    assert states[1].throttled_seconds_ago is None
    assert states[0].tokens < states[0].capacity


AWS_OWN = {
    "DescribeInstances": (100, 20),
    "DescribeInstances by id": (50, 10),
    "DescribeInstanceStatus": (100, 20),
    "DescribeInstanceStatus by id": (50, 10),
    "GetMetricData": (500, 18),
    "ListMetrics": (25, 25),
}


def test_every_budget_is_below_awss_own():
    """For GetMetricData: 180,000 datapoints a second are 18 calls of 500 series over 20 minutes of 60 s."""
    assert SIZES.keys() == AWS_OWN.keys()
    for operation, size in SIZES.items():
        capacity, refill = AWS_OWN[operation]
        assert size.capacity < capacity
        assert size.refill_per_second < refill
