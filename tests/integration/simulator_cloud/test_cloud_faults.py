"""Each fault of AWS can be had, and ends when it is cleared."""

import threading
import time
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from tests.integration.simulator_cloud.asking import (
    code_of,
    described,
    first_instance,
    ids_of,
    metric_query,
    metric_window,
    refusal,
    status_of,
)
from tests.support.simulator import boto_client

from cmlfleet.simulator.faults import FaultName
from cmlfleet.simulator.server import SimulatorServer

ANSWERED = [
    (FaultName.THROTTLING, "RequestLimitExceeded", 503),
    (FaultName.DENIED, "UnauthorizedOperation", 403),
    (FaultName.EXPIRED_CREDENTIALS, "RequestExpired", 400),
    (FaultName.OPT_IN_REQUIRED, "OptInRequired", 401),
    (FaultName.CLOUD_INTERNAL_ERROR, "InternalError", 500),
    (FaultName.CLOUD_UNAVAILABLE, "Unavailable", 503),
    (FaultName.AZ_OUTAGE, "InternalError", 500),
]

METRICS_ANSWERED = [
    (FaultName.THROTTLING, "Throttling", 400),
    (FaultName.DENIED, "AccessDenied", 403),
    (FaultName.EXPIRED_CREDENTIALS, "ExpiredToken", 403),
    (FaultName.CLOUD_INTERNAL_ERROR, "InternalServiceError", 500),
]


@pytest.mark.parametrize(("fault", "code", "status"), ANSWERED)
def test_ec2_answers_with_the_fault_and_recovers(
    simulator: SimulatorServer, ec2: Any, fault: FaultName, code: str, status: int
) -> None:
    simulator.faults.set(fault, region="us-east-1")
    error = refusal(ec2.describe_instances)
    assert (code_of(error), status_of(error)) == (code, status)
    assert boto_client(simulator, "ec2", region="us-west-2").describe_instances()["Reservations"] == []
    simulator.faults.clear(fault)
    assert ec2.describe_instances()["Reservations"]


@pytest.mark.parametrize(("fault", "code", "status"), METRICS_ANSWERED)
def test_cloudwatch_answers_with_the_fault(
    simulator: SimulatorServer, cloudwatch: Any, fault: FaultName, code: str, status: int
) -> None:
    simulator.faults.set(fault)
    error = refusal(cloudwatch.list_metrics)
    assert (code_of(error), status_of(error)) == (code, status)


def test_a_denied_operation_leaves_the_others(simulator: SimulatorServer, ec2: Any) -> None:
    simulator.faults.set(FaultName.DENIED, operation="DescribeInstanceStatus")
    error = refusal(ec2.describe_instance_status)
    assert "not authorized to perform: ec2:DescribeInstanceStatus" in str(error)
    assert ec2.describe_instances()["Reservations"]


def test_a_throttling_of_a_third(simulator: SimulatorServer, ec2: Any) -> None:
    simulator.throttle.enabled = False
    simulator.faults.set(FaultName.THROTTLING, rate=0.3)
    failed = 0
    for _ in range(100):
        try:
            ec2.describe_regions()
        except ClientError:
            failed += 1
    assert 15 < failed < 45


def test_a_dead_region_closes_connections(simulator: SimulatorServer, ec2: Any) -> None:
    simulator.faults.set(FaultName.DEAD_REGION)
    with pytest.raises(ConnectionClosedError):
        ec2.describe_instances()
    simulator.faults.clear()
    assert ec2.describe_instances()["Reservations"]


def test_a_hanging_region_never_answers(simulator: SimulatorServer) -> None:
    impatient = Config(read_timeout=0.5, retries={"mode": "standard", "total_max_attempts": 1})
    simulator.faults.set(FaultName.HANGING_REGION)
    with pytest.raises(ReadTimeoutError):
        boto_client(simulator, "ec2", config=impatient).describe_instances()


def test_what_hung_goes_on_once_the_fault_is_cleared(simulator: SimulatorServer, ec2: Any) -> None:
    simulator.faults.set(FaultName.HANGING_REGION)
    timer = threading.Timer(0.3, simulator.faults.clear)
    timer.start()
    assert ec2.describe_instances()["Reservations"]
    timer.join()


def test_a_slow_region_answers_late(simulator: SimulatorServer, ec2: Any) -> None:
    simulator.faults.set(FaultName.SLOW_REGION, parameters={"seconds": 0.4})
    before = time.monotonic()
    ec2.describe_instances()
    assert time.monotonic() - before >= 0.4


@pytest.mark.parametrize("fault", [FaultName.CLOUD_BROKEN_XML, FaultName.CLOUD_HTML])
def test_what_is_no_xml(simulator: SimulatorServer, ec2: Any, fault: FaultName) -> None:
    simulator.faults.set(fault)
    if fault is FaultName.CLOUD_HTML:
        assert "Reservations" not in ec2.describe_instances()
    else:
        with pytest.raises(ResponseParserError):
            ec2.describe_instances()


def test_in_an_outage_of_a_zone_the_healthy_ones_answer_when_named(simulator: SimulatorServer, ec2: Any) -> None:
    simulator.faults.set(FaultName.AZ_OUTAGE)
    healthy = {"Name": "availability-zone", "Values": ["us-east-1b", "us-east-1c"]}
    listed = ids_of(ec2.describe_instances(Filters=[healthy]))
    assert listed
    assert ids_of(ec2.describe_instances(InstanceIds=listed)) == listed
    sick = {"Name": "availability-zone", "Values": ["us-east-1a"]}
    assert code_of(refusal(ec2.describe_instances, Filters=[sick])) == "InternalError"


def test_a_list_can_name_an_instance_that_nobody_asked_for(simulator: SimulatorServer, ec2: Any) -> None:
    simulator.faults.set(FaultName.PURGED_BETWEEN_PAGES, times=1)
    error = refusal(ec2.describe_instances, MaxResults=1000)
    assert code_of(error) == "InvalidInstanceID.NotFound"
    assert ec2.describe_instances(MaxResults=1000)["Reservations"]


def test_tags_are_missing_once(simulator: SimulatorServer, ec2: Any) -> None:
    instance_id = first_instance(ec2)["InstanceId"]
    simulator.faults.set(FaultName.TAGS_MISSING, worker=instance_id, times=1)
    assert "Tags" not in described(ec2, instance_id)
    assert described(ec2, instance_id)["Tags"]


def test_an_instance_vanishes(simulator: SimulatorServer, ec2: Any) -> None:
    instance_id = first_instance(ec2)["InstanceId"]
    simulator.faults.set(FaultName.VANISHED, worker=instance_id)
    assert instance_id not in ids_of(ec2.describe_instances())
    error = refusal(ec2.describe_instances, InstanceIds=[instance_id])
    assert code_of(error) == "InvalidInstanceID.NotFound"
    assert instance_id in str(error)


def test_an_instance_that_a_service_manages_is_hidden_unless_asked_for(simulator: SimulatorServer, ec2: Any) -> None:
    instance_id = first_instance(ec2)["InstanceId"]
    simulator.faults.set(FaultName.MANAGED, worker=instance_id)
    assert instance_id not in ids_of(ec2.describe_instances())
    assert instance_id in ids_of(ec2.describe_instances(IncludeManagedResources=True))


def test_checks_are_impaired(simulator: SimulatorServer, ec2: Any) -> None:
    instance_id = first_instance(ec2)["InstanceId"]
    simulator.faults.set(FaultName.CHECKS_IMPAIRED, worker=instance_id)
    (status,) = ec2.describe_instance_status(InstanceIds=[instance_id])["InstanceStatuses"]
    assert status["InstanceStatus"]["Status"] == "impaired"
    assert status["InstanceStatus"]["Details"][0]["Status"] == "failed"
    assert status["SystemStatus"]["Status"] == "ok"


def test_a_host_is_to_be_retired(simulator: SimulatorServer, ec2: Any) -> None:
    instance_id = first_instance(ec2)["InstanceId"]
    simulator.faults.set(FaultName.SCHEDULED_RETIREMENT, worker=instance_id, parameters={"days": 5})

    def event() -> Any:
        return ec2.describe_instance_status(InstanceIds=[instance_id])["InstanceStatuses"][0]["Events"][0]

    first = event()
    assert first["Code"] == "instance-retirement"
    days = (first["NotBefore"] - simulator.clock.now()).total_seconds() / 86_400
    assert 4.9 < days <= 5
    simulator.clock.advance(3600)
    assert event() == first


def test_a_start_without_capacity(simulator: SimulatorServer, ec2: Any) -> None:
    instance_id = first_instance(ec2)["InstanceId"]
    ec2.stop_instances(InstanceIds=[instance_id])
    simulator.clock.advance(1000)
    simulator.faults.set(FaultName.INSUFFICIENT_CAPACITY, worker=instance_id, times=1)
    error = refusal(ec2.start_instances, InstanceIds=[instance_id])
    assert (code_of(error), status_of(error)) == ("InsufficientInstanceCapacity", 500)
    assert described(ec2, instance_id)["State"]["Name"] == "stopped"
    ec2.start_instances(InstanceIds=[instance_id])


@pytest.mark.parametrize(
    ("fault", "status", "has_points"),
    [
        (FaultName.METRICS_PARTIAL, "PartialData", True),
        (FaultName.METRICS_INTERNAL_ERROR, "InternalError", False),
        (FaultName.NO_DATAPOINTS, "Complete", False),
    ],
)
def test_series_that_are_not_whole(
    simulator: SimulatorServer, cloudwatch: Any, fault: FaultName, status: str, has_points: bool
) -> None:
    simulator.faults.set(fault)
    query = metric_query(next(iter(simulator.fleet.workers.values())).instance.instance_id)
    answer = cloudwatch.get_metric_data(MetricDataQueries=[query], **metric_window())
    (result,) = answer["MetricDataResults"]
    assert result["StatusCode"] == status
    assert bool(result["Values"]) is has_points


def test_the_buckets_of_ec2(simulator: SimulatorServer, ec2: Any) -> None:
    """The small bucket of unpaged lists is empty while the paged ones go on; time refills it."""
    for _ in range(50):
        ec2.describe_instances()
    refused = _until_refused(ec2.describe_instances, tries=60)
    assert [code_of(each) for each in refused] == ["RequestLimitExceeded"]
    assert ec2.describe_instances(MaxResults=1000)["Reservations"]
    simulator.clock.advance(1)
    assert ec2.describe_instances()["Reservations"]


def test_starting_is_paced_by_instances_too(simulator: SimulatorServer, ec2: Any) -> None:
    instance_ids = ids_of(ec2.describe_instances())
    refused = _until_refused(lambda: ec2.start_instances(InstanceIds=instance_ids), tries=20)
    assert [(code_of(each), status_of(each)) for each in refused] == [("RequestLimitExceeded", 503)]
    simulator.clock.advance(3)
    assert ec2.start_instances(InstanceIds=instance_ids)["StartingInstances"]


def _until_refused(call: Any, *, tries: int) -> list[ClientError]:
    for _ in range(tries):
        try:
            call()
        except ClientError as error:
            return [error]
    return []
