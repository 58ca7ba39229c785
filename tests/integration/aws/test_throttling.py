"""Throttling strikes one operation of one account and region, and is seen."""

import asyncio
import time
from collections import defaultdict

import pytest
from tests.support.aws_scene import ACCOUNT, REGION, AwsScene, aws_scene, failure, instance, utilization

from cmlfleet.domain.identifiers import Region
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.adapters import AwsAccountSettings
from cmlfleet.integration.aws.budgets import BudgetState
from cmlfleet.integration.aws.retries import ATTEMPTS
from cmlfleet.simulator.cloud.regions import ENABLED_REGIONS
from cmlfleet.simulator.faults import FaultName

SPREAD_SECONDS = (
    0.1  # between the first and the last retry of eight regions; all but certain, of two seconds at least
)


def _factors(scene: AwsScene) -> dict[str, float]:
    states: list[BudgetState] = scene.aws.budgets.snapshot()
    return {state.operation: round(state.factor, 1) for state in states}


async def test_a_throttle_that_passes_is_not_noticed_but_remembered(scene: AwsScene):
    scene.faults.set(FaultName.THROTTLING, operation="DescribeInstances", times=1)

    assert instance(await scene.read(scene.ids()[0])).state == "running"

    assert scene.calls("DescribeInstances", outcome="RequestLimitExceeded") == 1
    factors = _factors(scene)
    assert factors.pop("DescribeInstances") == 0.5
    assert set(factors.values()) == {1.0}


async def test_a_throttle_that_lasts_is_the_sources_error(scene: AwsScene):
    scene.faults.set(FaultName.THROTTLING, operation="DescribeInstances")

    fact = failure(await scene.read(scene.ids()[0]))

    assert (fact.code, fact.operation) == (ErrorCode.THROTTLED, "ec2:DescribeInstances")
    assert fact.detail == f"AWS throttles ec2:DescribeInstances in {ACCOUNT}/{REGION} (RequestLimitExceeded)"
    assert scene.calls("DescribeInstances") == 3


async def test_a_throttled_cloudwatch_leaves_ec2(scene: AwsScene):
    scene.faults.set(FaultName.THROTTLING, operation="GetMetricData")
    metrics = asyncio.create_task(scene.metrics(scene.ids()[0]))

    assert instance(await scene.read(scene.ids()[0])).state == "running"

    assert not metrics.done()
    assert failure(await metrics).code is ErrorCode.THROTTLED
    assert _factors(scene)["DescribeInstances"] == 1.0
    scene.faults.clear()
    assert utilization(await scene.metrics(scene.ids()[0])).cpu is not None


async def test_one_account_and_region_leaves_the_others(scene: AwsScene):
    scene.faults.set(FaultName.THROTTLING, region=REGION, operation="DescribeInstances")
    throttled = asyncio.create_task(scene.read(scene.ids()[0]))
    await scene.read(scene.ids()[0], region="us-west-2")
    assert not throttled.done()
    assert failure(await throttled).code is ErrorCode.THROTTLED


async def test_regions_that_are_throttled_at_the_same_moment_come_back_one_by_one(monkeypatch: pytest.MonkeyPatch):
    regions = [Region(name) for name in ENABLED_REGIONS[:8]]
    made: dict[str, list[float]] = defaultdict(list)
    async with aws_scene(monkeypatch, accounts=[AwsAccountSettings(regions=regions)], workers=1) as scene:
        count = scene.server.ledger.count

        def count_with_time(**key: str) -> None:
            count(**key)
            if key["operation"] == "DescribeInstances":
                made[key["region"]].append(time.monotonic())

        monkeypatch.setattr(scene.server.ledger, "count", count_with_time)
        scene.faults.set(FaultName.THROTTLING, operation="DescribeInstances")
        await asyncio.gather(*(scene.read(scene.ids()[0], region=region) for region in regions))

    assert {region: len(times) for region, times in made.items()} == dict.fromkeys(regions, ATTEMPTS)
    for attempt in range(1, ATTEMPTS):
        times = [each[attempt] for each in made.values()]
        assert max(times) - min(times) > SPREAD_SECONDS
