"""Whoever AWS throttles at the same moment does not come back at the same moment."""

import asyncio
import random
from collections import defaultdict

import pytest
from tests.support.virtual_time import run_in_virtual_time

from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.budgets import Budgets
from cmlfleet.integration.aws.call_failure import AwsCallError
from cmlfleet.integration.aws.retries import ATTEMPTS, with_retries
from cmlfleet.integration.aws.scope import AwsScope

SCOPES = [AwsScope(AccountId(f"{account:012}"), Region(f"r-{region}")) for account in (1, 2) for region in range(4)]
PROCESSES = 5
LIMIT_SECONDS = 20.0
TOGETHER_SECONDS = 0.1  # who comes within so short a time comes in step
THROTTLED = AwsCallError(ErrorCode.THROTTLED, "Rate exceeded", operation="ec2:DescribeInstances")
DEEPLY_THROTTLED = 10  # times, until a budget is at its smallest


@pytest.fixture(autouse=True)
def _same_luck_each_time() -> None:
    random.seed(4)


async def _attempts_of_everyone(*, throttled_before: int) -> dict[int, list[float]]:
    """When each attempt was made, by its number, while AWS throttles every one."""
    clock = asyncio.get_running_loop().time
    made: dict[int, list[float]] = defaultdict(list)

    async def caller(budgets: Budgets, scope: AwsScope) -> None:
        budget = budgets.of(scope, "DescribeInstances")
        numbers = iter(range(1, ATTEMPTS + 1))

        async def attempt() -> None:
            await budget.take()
            made[next(numbers)].append(clock())
            budget.throttled()
            raise THROTTLED

        with pytest.raises(AwsCallError):
            await with_retries(
                attempt, may_pass=lambda _: True, turn=asyncio.Semaphore(), limit_seconds=LIMIT_SECONDS
            )

    processes = [Budgets(clock=clock) for _ in range(PROCESSES)]
    for _ in range(throttled_before):
        for budgets in processes:
            for scope in SCOPES:
                budgets.of(scope, "DescribeInstances").throttled()
        await asyncio.sleep(1)
    await asyncio.gather(*(caller(budgets, scope) for budgets in processes for scope in SCOPES))
    for budgets in processes:
        budgets.close()
    return made


@pytest.mark.parametrize("throttled_before", [0, DEEPLY_THROTTLED])
def test_those_that_were_throttled_together_do_not_retry_in_step(throttled_before: int) -> None:
    made = run_in_virtual_time(_attempts_of_everyone(throttled_before=throttled_before))
    callers = PROCESSES * len(SCOPES)
    for number in range(2, ATTEMPTS + 1):
        times = sorted(made[number])
        assert len(times) == callers
        most = max(sum(start <= each < start + TOGETHER_SECONDS for each in times) for start in times)
        assert most <= callers / 3, f"attempt {number}: {most} of {callers} within {TOGETHER_SECONDS} s"


async def _one_call(*, failures: int, code: ErrorCode, limit_seconds: float = LIMIT_SECONDS) -> tuple[int, float]:
    """How many attempts a call took that fails so often, and how many seconds."""
    clock = asyncio.get_running_loop().time
    began, made = clock(), 0

    async def attempt() -> int:
        nonlocal made
        made += 1
        if made <= failures:
            raise AwsCallError(code, "it failed", operation="ec2:DescribeInstances")
        return made

    attempts = await with_retries(
        attempt,
        may_pass=lambda failure: failure.code is ErrorCode.THROTTLED,
        turn=asyncio.Semaphore(),
        limit_seconds=limit_seconds,
    )
    return attempts, clock() - began


def test_a_failure_that_passes_is_tried_again_and_another_is_not() -> None:
    attempts, seconds = run_in_virtual_time(_one_call(failures=2, code=ErrorCode.THROTTLED))
    assert (attempts, 0 < seconds < 6) == (3, True)
    with pytest.raises(AwsCallError):
        run_in_virtual_time(_one_call(failures=3, code=ErrorCode.THROTTLED))
    with pytest.raises(AwsCallError):
        run_in_virtual_time(_one_call(failures=1, code=ErrorCode.ACCESS_DENIED))


def test_the_limit_leaves_the_last_failure_as_the_reason() -> None:
    with pytest.raises(AwsCallError):
        run_in_virtual_time(_one_call(failures=1, code=ErrorCode.THROTTLED, limit_seconds=0.01))
