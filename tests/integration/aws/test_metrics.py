"""CloudWatch's facts: the newest points, memory where an agent publishes it, in few calls."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.aws_scene import UNKNOWN_ID, AwsScene, aws_scene, failure, utilization

from cmlfleet.domain.facts import UtilizationFact
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.simulator.faults import FaultName


async def test_the_newest_points_with_their_own_times(scene: AwsScene):
    for worker in scene.server.fleet.workers.values():
        detailed = worker.instance.detailed_monitoring
        fact = utilization(await scene.metrics(worker.instance.instance_id))

        assert fact.cpu is not None
        assert 0 <= fact.cpu.percent <= 100
        period = 60 if detailed else 300
        assert fact.cpu.at.timestamp() % period == 0
        age = datetime.now(UTC) - fact.cpu.at
        assert age < timedelta(minutes=5 if detailed else 15)
        assert (fact.memory is not None) is worker.instance.has_cloudwatch_agent


async def test_the_same_point_keeps_its_time(scene: AwsScene):
    one = scene.ids()[0]
    readings = [utilization(await scene.metrics(one)).cpu for _ in range(2)]
    assert readings[0] == readings[1]


async def test_a_young_or_unknown_instance_has_no_data(scene: AwsScene):
    one = scene.ids()[0]
    scene.faults.set(FaultName.NO_DATAPOINTS, worker=one)

    facts = await asyncio.gather(scene.metrics(one), scene.metrics(UNKNOWN_ID), scene.metrics(scene.ids()[1]))

    assert [(utilization(fact).cpu is None, utilization(fact).memory is None) for fact in facts[:2]] == [
        (True, True),
        (True, True),
    ]
    assert utilization(facts[2]).cpu is not None


async def test_five_hundred_at_once_are_two_calls(monkeypatch: pytest.MonkeyPatch):
    async with aws_scene(monkeypatch, workers=500) as scene:
        facts = await asyncio.gather(*(scene.metrics(each) for each in scene.ids()))

        assert {type(fact) for fact in facts} == {UtilizationFact}
        assert all(utilization(fact).cpu for fact in facts)
        assert scene.calls("GetMetricData") == scene.calls("GetMetricData", outcome="ok") == 2
        assert scene.calls("ListMetrics") == 1

        await asyncio.gather(*(scene.metrics(each) for each in scene.ids()))
        assert scene.calls("GetMetricData") == 4
        assert scene.calls("ListMetrics") == 1


async def test_partial_data_is_used(scene: AwsScene):
    scene.faults.set(FaultName.METRICS_PARTIAL)
    assert utilization(await scene.metrics(scene.ids()[0])).cpu is not None


async def test_a_series_that_failed_is_asked_for_again(scene: AwsScene):
    scene.faults.set(FaultName.METRICS_INTERNAL_ERROR, times=1)
    assert utilization(await scene.metrics(scene.ids()[0])).cpu is not None
    assert scene.calls("GetMetricData") == 2


async def test_series_that_go_on_failing_are_a_failure(scene: AwsScene):
    scene.faults.set(FaultName.METRICS_INTERNAL_ERROR)
    fact = failure(await scene.metrics(scene.ids()[0]))
    assert (fact.code, fact.operation) == (ErrorCode.INTERNAL, "cloudwatch:GetMetricData")


async def test_whoever_may_not_list_metrics_has_cpu_without_memory(
    scene: AwsScene, capsys: pytest.CaptureFixture[str]
):
    instances = [each.instance for each in scene.server.fleet.workers.values()]
    with_agent = next(each for each in instances if each.has_cloudwatch_agent)
    scene.faults.set(FaultName.DENIED, operation="ListMetrics")

    for _ in range(2):
        fact = utilization(await scene.metrics(with_agent.instance_id))
        assert fact.cpu is not None
        assert fact.memory is None

    assert scene.calls("ListMetrics") == 1
    scene.clock.jumped_seconds += 301
    assert utilization(await scene.metrics(with_agent.instance_id)).memory is None
    assert scene.calls("ListMetrics") == 2
    scene.faults.clear()
    scene.clock.jumped_seconds += 301
    assert utilization(await scene.metrics(with_agent.instance_id)).memory is not None
    logged = capsys.readouterr().out
    assert (logged.count("memory_metrics_unknown"), logged.count("memory_metrics_known_again")) == (1, 1)


async def test_a_caller_that_gives_up_changes_nothing_for_the_others(scene: AwsScene):
    readings = [asyncio.create_task(scene.metrics(each)) for each in scene.ids()]
    await asyncio.sleep(0)
    readings[0].cancel()

    facts = await asyncio.gather(*readings, return_exceptions=True)

    assert isinstance(facts[0], asyncio.CancelledError)
    assert {type(fact) for fact in facts[1:]} == {UtilizationFact}
    assert scene.calls("GetMetricData") == 1


async def test_agents_are_looked_for_once_an_hour_and_kept_while_that_fails(scene: AwsScene):
    instances = [each.instance for each in scene.server.fleet.workers.values()]
    with_agent = next(each for each in instances if each.has_cloudwatch_agent)
    for seconds, calls in ((0, 1), (3590, 1), (20, 2)):
        scene.clock.jumped_seconds += seconds
        assert utilization(await scene.metrics(with_agent.instance_id)).memory is not None
        assert scene.calls("ListMetrics") == calls
    scene.faults.set(FaultName.DENIED, operation="ListMetrics")
    scene.clock.jumped_seconds += 3700
    assert utilization(await scene.metrics(with_agent.instance_id)).memory is not None
    assert scene.calls("ListMetrics", outcome="AccessDenied") == 1
