"""boto3, unmodified, asks CloudWatch."""

from datetime import timedelta
from typing import Any

import pytest
from tests.integration.simulator_cloud.asking import (
    code_of,
    first_instance,
    metric_query,
    metric_window,
    refusal,
)

from cmlfleet.simulator.cloud.instance import CloudInstance
from cmlfleet.simulator.server import SimulatorServer


def instance_with(simulator: SimulatorServer, **wanted: bool) -> CloudInstance:
    return next(
        worker.instance
        for worker in simulator.fleet.workers.values()
        if all(getattr(worker.plan, name) == value for name, value in wanted.items())
    )


def series(cloudwatch: Any, *queries: Any, minutes: float = 15) -> list[Any]:
    window = metric_window(minutes=minutes)
    return cloudwatch.get_metric_data(MetricDataQueries=list(queries), **window)["MetricDataResults"]


def gaps(result: Any) -> set[timedelta]:
    return {newer - older for newer, older in zip(result["Timestamps"], result["Timestamps"][1:], strict=False)}


def test_basic_monitoring_has_a_point_each_five_minutes(simulator: SimulatorServer, cloudwatch: Any) -> None:
    basic = instance_with(simulator, detailed_monitoring=False)
    for period in (60, 300):
        (result,) = series(cloudwatch, metric_query(basic.instance_id, period=period), minutes=30)
        assert gaps(result) == {timedelta(minutes=5)}
        assert result["StatusCode"] == "Complete"
        assert 0 < result["Values"][0] <= 100


def test_detailed_monitoring_has_one_each_minute_and_means_over_five(
    simulator: SimulatorServer, cloudwatch: Any
) -> None:
    detailed = instance_with(simulator, detailed_monitoring=True)
    by_minute, by_five = series(
        cloudwatch,
        metric_query(detailed.instance_id, query_id="a", period=60),
        metric_query(detailed.instance_id, query_id="b", period=300),
        minutes=20,
    )
    assert gaps(by_minute) == {timedelta(minutes=1)}
    assert gaps(by_five) == {timedelta(minutes=5)}
    counted = series(cloudwatch, metric_query(detailed.instance_id, period=300, stat="SampleCount"), minutes=20)
    assert set(counted[0]["Values"][1:-1]) == {5.0}


def test_points_come_late_and_never_change(simulator: SimulatorServer, cloudwatch: Any) -> None:
    instance = instance_with(simulator, detailed_monitoring=True)
    query = metric_query(instance.instance_id, period=60)
    (first,) = series(cloudwatch, query)
    age = simulator.clock.now() - first["Timestamps"][0]
    assert timedelta(seconds=105) <= age <= timedelta(seconds=166)
    (second,) = series(cloudwatch, query)
    known = dict(zip(first["Timestamps"], first["Values"], strict=True))
    again = dict(zip(second["Timestamps"], second["Values"], strict=True))
    assert {at: again[at] for at in known if at in again} == {at: known[at] for at in known if at in again}


def test_the_newest_point_follows_the_load_of_the_controller(simulator: SimulatorServer, cloudwatch: Any) -> None:
    worker = next(iter(simulator.fleet.workers.values()))
    assert worker.controller is not None
    (result,) = series(cloudwatch, metric_query(worker.instance.instance_id))
    assert result["Values"][0] == pytest.approx(worker.controller.cpu_percent(), abs=3)


def test_stopped_instances_and_young_ones_have_no_points(
    simulator: SimulatorServer, ec2: Any, cloudwatch: Any
) -> None:
    instance_id = first_instance(ec2)["InstanceId"]
    ec2.stop_instances(InstanceIds=[instance_id])
    simulator.clock.advance(3600)
    ec2.start_instances(InstanceIds=[instance_id])
    simulator.clock.advance(1000)
    ec2.describe_instances()  # the start is over now
    window = metric_window(now=simulator.clock.now())
    answer = cloudwatch.get_metric_data(MetricDataQueries=[metric_query(instance_id)], **window)
    assert answer["MetricDataResults"][0]["Values"] == []
    assert answer["MetricDataResults"][0]["StatusCode"] == "Complete"


def test_an_unknown_instance_has_nothing_and_no_error(cloudwatch: Any) -> None:
    (result,) = series(cloudwatch, metric_query("i-0123456789abcdef0"))
    assert result["Values"] == []


def test_memory_needs_the_whole_set_of_dimensions(simulator: SimulatorServer, cloudwatch: Any) -> None:
    instance = instance_with(simulator, has_cloudwatch_agent=True)
    listed = cloudwatch.list_metrics(Namespace="CWAgent", MetricName="mem_used_percent", RecentlyActive="PT3H")[
        "Metrics"
    ]
    mine = next(
        each for each in listed if {"Name": "InstanceId", "Value": instance.instance_id} in each["Dimensions"]
    )
    dimensions = {each["Name"]: each["Value"] for each in mine["Dimensions"]}
    assert set(dimensions) == {"ImageId", "InstanceId", "InstanceType"}
    agent: Any = {"namespace": "CWAgent", "name": "mem_used_percent", "period": 60}
    whole, part = series(
        cloudwatch,
        metric_query(instance.instance_id, query_id="whole", dimensions=dimensions, **agent),
        metric_query(instance.instance_id, query_id="part", **agent),
    )
    assert whole["Values"]
    assert part["Values"] == []


def test_only_instances_with_the_agent_are_listed(simulator: SimulatorServer, cloudwatch: Any) -> None:
    with_agent = {
        worker.instance.instance_id for worker in simulator.fleet.workers.values() if worker.plan.has_cloudwatch_agent
    }
    listed = cloudwatch.list_metrics(Namespace="CWAgent")["Metrics"]
    found = {each["Value"] for metric in listed for each in metric["Dimensions"] if each["Name"] == "InstanceId"}
    assert found == with_agent
    named = cloudwatch.list_metrics(
        Namespace="AWS/EC2", Dimensions=[{"Name": "InstanceId", "Value": with_agent.pop()}]
    )["Metrics"]
    assert [each["MetricName"] for each in named] == ["CPUUtilization"]


def test_five_hundred_queries_at_most_with_ids_of_their_own(simulator: SimulatorServer, cloudwatch: Any) -> None:
    instance_id = next(iter(simulator.fleet.workers.values())).instance.instance_id
    queries = [metric_query(instance_id, query_id=f"q{number}") for number in range(501)]
    assert len(series(cloudwatch, *queries[:500])) == 500
    window = metric_window()
    bad = {
        "too many": queries,
        "twice": [queries[0], queries[0]],
        "upper case": [metric_query(instance_id, query_id="Q1")],
        "period": [metric_query(instance_id, period=90)],
    }
    for what, asked in bad.items():
        error = refusal(cloudwatch.get_metric_data, MetricDataQueries=asked, **window)
        assert code_of(error) == "ValidationError", what


def test_points_page(simulator: SimulatorServer, cloudwatch: Any) -> None:
    worker_ids = [worker.instance.instance_id for worker in simulator.fleet.workers.values()][:4]
    queries = [metric_query(each, query_id=f"q{number}") for number, each in enumerate(worker_ids)]
    window = metric_window(minutes=60)
    whole = cloudwatch.get_metric_data(MetricDataQueries=queries, **window)["MetricDataResults"]
    paged: dict[str, list[Any]] = {}
    pages = 0
    token: Any = {}
    while True:
        answer = cloudwatch.get_metric_data(MetricDataQueries=queries, MaxDatapoints=7, **window, **token)
        pages += 1
        assert sum(len(result["Values"]) for result in answer["MetricDataResults"]) <= 7
        for result in answer["MetricDataResults"]:
            points = zip(result["Timestamps"], result["Values"], strict=True)
            paged.setdefault(result["Id"], []).extend(points)
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert pages > 3
    assert paged == {each["Id"]: list(zip(each["Timestamps"], each["Values"], strict=True)) for each in whole}


def test_nobody_publishes_into_aws_namespaces(cloudwatch: Any) -> None:
    data = [{"MetricName": "CPUUtilization", "Value": 1.0}]
    error = refusal(cloudwatch.put_metric_data, Namespace="AWS/EC2", MetricData=data)
    assert code_of(error) == "InvalidParameterValue"


def test_a_window_that_ends_before_it_begins(simulator: SimulatorServer, cloudwatch: Any) -> None:
    window = metric_window()
    turned = {"StartTime": window["EndTime"], "EndTime": window["StartTime"]}
    query = metric_query(next(iter(simulator.fleet.workers.values())).instance.instance_id)
    assert code_of(refusal(cloudwatch.get_metric_data, MetricDataQueries=[query], **turned)) == "ValidationError"
