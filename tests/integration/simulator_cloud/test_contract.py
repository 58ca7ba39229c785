"""What both our AWS and moto's server can do must look the same to boto3: a second opinion on our shapes."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.integration.simulator_cloud.asking import (
    code_of,
    ids_of,
    instances_of,
    metric_query,
    metric_window,
    refusal,
)
from tests.support.simulator import ONE_ATTEMPT, simulator_in_thread

from cmlfleet.simulator.cloud.transition_times import TransitionTimes

TAGGED = {"Key": "course", "Value": "contract"}


@pytest.fixture(scope="module", params=["simulator", "moto"])
def aws(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Where and as whom boto3 calls."""
    if request.param == "simulator":
        at_once = TransitionTimes(pending_seconds=0)  # moto knows no other
        with simulator_in_thread(workers=0, times=at_once) as simulator:
            simulator.throttle.enabled = False
            account = simulator.scenario.accounts[0]
            yield {
                "endpoint_url": simulator.aws_url,
                "aws_access_key_id": account.access_key_id,
                "aws_secret_access_key": account.secret_access_key,
            }
        return
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield {
            "endpoint_url": f"http://{host}:{port}",
            "aws_access_key_id": "testing",
            "aws_secret_access_key": "testing",
        }
    finally:
        server.stop()


@pytest.fixture(scope="module")
def ec2(aws: Any) -> Any:
    return boto3.client("ec2", region_name="us-east-1", config=ONE_ATTEMPT, **aws)


@pytest.fixture(scope="module")
def instance_ids(ec2: Any) -> list[str]:
    """Seven instances, launched one by one: moto pages by reservation."""
    launched: list[str] = []
    for number in range(7):
        tags = [TAGGED, {"Key": "Name", "Value": f"contract-{number}"}]
        answer = ec2.run_instances(
            ImageId="ami-12c6146b",
            InstanceType="m5.large",
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )
        launched.append(answer["Instances"][0]["InstanceId"])
    return launched


def test_a_launch_answers_with_a_pending_instance(ec2: Any) -> None:
    answer = ec2.run_instances(ImageId="ami-12c6146b", InstanceType="m5.large", MinCount=1, MaxCount=1)
    (instance,) = answer["Instances"]
    assert instance["State"] == {"Code": 0, "Name": "pending"}
    assert answer["OwnerId"]
    assert answer["ReservationId"].startswith("r-")


def test_ids_and_members(ec2: Any, instance_ids: list[str]) -> None:
    instance = instances_of(ec2.describe_instances(InstanceIds=instance_ids[:1]))[0]
    assert instance["InstanceId"] == instance_ids[0]
    assert instance["InstanceType"] == "m5.large"
    assert instance["ImageId"] == "ami-12c6146b"
    assert instance["Monitoring"]["State"] == "disabled"
    assert instance["Placement"]["AvailabilityZone"].startswith("us-east-1")
    assert {"Code", "Name"} == set(instance["State"])
    assert {tag["Key"] for tag in instance["Tags"]} == {"course", "Name"}
    assert instance["LaunchTime"].tzinfo is not None
    assert instance["PrivateIpAddress"]
    assert instance["NetworkInterfaces"][0]["PrivateIpAddress"] == instance["PrivateIpAddress"]


def test_tag_filters(ec2: Any, instance_ids: list[str]) -> None:
    def found(name: str, *values: str) -> set[str]:
        return set(ids_of(ec2.describe_instances(Filters=[{"Name": name, "Values": list(values)}])))

    assert found("tag:course", "contract") == set(instance_ids)
    assert found("tag:course", "other") == set()
    assert found("tag:Name", "contract-1", "contract-2") == set(instance_ids[1:3])
    assert found("tag:Name", "contract-*") == set(instance_ids)
    assert found("tag-key", "course") == set(instance_ids)
    assert found("instance-id", instance_ids[0], "i-0123456789abcdef0") == {instance_ids[0]}
    both = [{"Name": "tag:course", "Values": ["contract"]}, {"Name": "tag:Name", "Values": ["contract-3"]}]
    assert ids_of(ec2.describe_instances(Filters=both)) == [instance_ids[3]]


def test_pages_end_without_a_token(ec2: Any, instance_ids: list[str]) -> None:
    course = [{"Name": "tag:course", "Values": ["contract"]}]
    first = ec2.describe_instances(Filters=course, MaxResults=5)
    second = ec2.describe_instances(Filters=course, MaxResults=5, NextToken=first["NextToken"])
    assert (len(ids_of(first)), len(ids_of(second))) == (5, 2)
    assert "NextToken" not in second
    assert set(ids_of(first)) | set(ids_of(second)) == set(instance_ids)


def test_ids_and_pages_exclude_each_other(ec2: Any, instance_ids: list[str]) -> None:
    error = refusal(ec2.describe_instances, InstanceIds=instance_ids[:1], MaxResults=5)
    assert code_of(error) == "InvalidParameterCombination"


def test_an_unknown_id(ec2: Any) -> None:
    error = refusal(ec2.describe_instances, InstanceIds=["i-0123456789abcdef0"])
    assert code_of(error) == "InvalidInstanceID.NotFound"
    assert "The instance ID 'i-0123456789abcdef0' does not exist" in str(error)


def test_tags_come_and_go(ec2: Any, instance_ids: list[str]) -> None:
    def tags() -> dict[str, str]:
        instance = instances_of(ec2.describe_instances(InstanceIds=instance_ids[:1]))[0]
        return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}

    ec2.create_tags(Resources=instance_ids[:1], Tags=[{"Key": "extra", "Value": "1"}])
    assert tags()["extra"] == "1"
    ec2.delete_tags(Resources=instance_ids[:1], Tags=[{"Key": "extra"}])
    assert "extra" not in tags()


def test_a_stop_answers_with_both_states(ec2: Any, instance_ids: list[str]) -> None:
    (change,) = ec2.stop_instances(InstanceIds=instance_ids[-1:])["StoppingInstances"]
    assert change["InstanceId"] == instance_ids[-1]
    assert change["CurrentState"] == {"Code": 64, "Name": "stopping"}
    assert change["PreviousState"]["Name"] == "running"


def test_a_dry_run(ec2: Any, instance_ids: list[str]) -> None:
    assert code_of(refusal(ec2.stop_instances, InstanceIds=instance_ids[:1], DryRun=True)) == "DryRunOperation"


def test_a_status_has_the_same_members(ec2: Any, instance_ids: list[str]) -> None:
    statuses = ec2.describe_instance_status(InstanceIds=instance_ids[:1], IncludeAllInstances=True)
    (status,) = statuses["InstanceStatuses"]
    assert status["InstanceId"] == instance_ids[0]
    assert {"InstanceState", "InstanceStatus", "SystemStatus", "AvailabilityZone"} <= set(status)
    assert "Status" in status["InstanceStatus"]


def test_regions(ec2: Any) -> None:
    regions = {region["RegionName"]: region for region in ec2.describe_regions()["Regions"]}
    assert regions["eu-central-1"]["Endpoint"].startswith("ec2.eu-central-1.")
    assert regions["eu-central-1"]["OptInStatus"] == "opt-in-not-required"


def test_a_series_without_points_is_complete(aws: Any) -> None:
    cloudwatch = boto3.client("cloudwatch", region_name="us-east-1", config=ONE_ATTEMPT, **aws)
    queries = [metric_query("i-0123456789abcdef0")]
    (result,) = cloudwatch.get_metric_data(MetricDataQueries=queries, **metric_window())["MetricDataResults"]
    assert (result["Id"], result["Values"], result["StatusCode"]) == ("q0", [], "Complete")


def test_an_assumed_role_is_of_the_other_account(aws: Any) -> None:
    sts = boto3.client("sts", region_name="us-east-1", config=ONE_ATTEMPT, **aws)
    own = sts.get_caller_identity()["Account"]
    granted = sts.assume_role(RoleArn=f"arn:aws:iam::{own}:role/reader", RoleSessionName="test")
    assert granted["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{own}:assumed-role/reader/test"
    assert granted["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert granted["Credentials"]["Expiration"].tzinfo is not None
