"""Accounts and regions: who calls, in whose name, and where."""

from typing import Any

import pytest
from botocore.config import Config
from tests.integration.simulator_cloud.asking import code_of, ids_of, refusal
from tests.support.simulator import boto_client, simulator_in_thread

from cmlfleet.simulator.faults import FaultName
from cmlfleet.simulator.plans import FIRST_ACCOUNT, SECOND_ACCOUNT
from cmlfleet.simulator.server import SimulatorServer

ROLE = f"arn:aws:iam::{SECOND_ACCOUNT.account_id}:role/cmlfleet"


def assumed(simulator: SimulatorServer, **more: Any) -> Any:
    sts = boto_client(simulator, "sts")
    arguments = {"RoleArn": ROLE, "RoleSessionName": "test", "ExternalId": SECOND_ACCOUNT.external_id, **more}
    return sts.assume_role(**arguments)["Credentials"]


def test_the_access_key_tells_the_account(simulator: SimulatorServer) -> None:
    identity = boto_client(simulator, "sts").get_caller_identity()
    assert identity["Account"] == FIRST_ACCOUNT.account_id
    assert identity["Arn"] == f"arn:aws:iam::{FIRST_ACCOUNT.account_id}:user/cmlfleet"


def test_a_role_of_another_account_sees_its_instances_and_no_others() -> None:
    with simulator_in_thread(workers=16, scenario_name="multi") as simulator:
        key = assumed(simulator)["AccessKeyId"]
        theirs = ids_of(boto_client(simulator, "ec2", access_key_id=key).describe_instances())
        ours = ids_of(boto_client(simulator, "ec2").describe_instances())
        assert theirs
        assert ours
        assert not set(theirs) & set(ours)
        identity = boto_client(simulator, "sts", access_key_id=key).get_caller_identity()
        assert identity["Arn"] == f"arn:aws:sts::{SECOND_ACCOUNT.account_id}:assumed-role/cmlfleet/test"


def test_ids_of_another_account_are_left_out_of_a_list_and_unknown_to_an_order() -> None:
    with simulator_in_thread(workers=16, scenario_name="multi") as simulator:
        key = assumed(simulator)["AccessKeyId"]
        theirs = ids_of(boto_client(simulator, "ec2", access_key_id=key).describe_instances())
        ec2 = boto_client(simulator, "ec2")
        ours = ids_of(ec2.describe_instances())
        assert ids_of(ec2.describe_instances(InstanceIds=[ours[0], theirs[0]])) == [ours[0]]
        error = refusal(ec2.stop_instances, InstanceIds=[theirs[0]])
        assert code_of(error) == "InvalidInstanceID.NotFound"


def test_every_region_has_its_own() -> None:
    with simulator_in_thread(workers=16, scenario_name="multi") as simulator:
        regions = ("us-east-1", "us-west-2", "eu-central-1", "ap-southeast-2")
        lists = [ids_of(boto_client(simulator, "ec2", region=each).describe_instances()) for each in regions]
        assert [len(each) for each in lists] == [2, 2, 2, 2]


@pytest.mark.parametrize("external_id", ["wrong-one", None])
def test_a_role_needs_its_external_id(external_id: str | None) -> None:
    with simulator_in_thread(workers=1, scenario_name="multi") as simulator:
        sts = boto_client(simulator, "sts")
        arguments = {"RoleArn": ROLE, "RoleSessionName": "test"}
        if external_id is not None:
            arguments["ExternalId"] = external_id
        error = refusal(sts.assume_role, **arguments)
        assert code_of(error) == "AccessDenied"
        assert "sts:AssumeRole" in str(error)


def test_assumed_credentials_expire() -> None:
    with simulator_in_thread(workers=1, scenario_name="multi") as simulator:
        key = assumed(simulator, DurationSeconds=900)["AccessKeyId"]
        ec2 = boto_client(simulator, "ec2", access_key_id=key)
        ec2.describe_instances()
        simulator.clock.advance(901)
        assert code_of(refusal(ec2.describe_instances)) == "RequestExpired"
        cloudwatch = boto_client(simulator, "cloudwatch", access_key_id=key)
        assert code_of(refusal(cloudwatch.list_metrics)) == "ExpiredToken"


def test_an_unknown_key(simulator: SimulatorServer) -> None:
    for service, call, code in (
        ("ec2", "describe_instances", "AuthFailure"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("cloudwatch", "list_metrics", "InvalidClientTokenId"),
    ):
        client = boto_client(simulator, service, access_key_id="AKIANOBODY")
        assert code_of(refusal(getattr(client, call))) == code


def test_a_region_that_is_not_enabled(simulator: SimulatorServer) -> None:
    ec2 = boto_client(simulator, "ec2", region="me-south-1")
    assert code_of(refusal(ec2.describe_instances)) == "OptInRequired"


def test_the_teams_denied_region_names_the_permission() -> None:
    with simulator_in_thread(scenario_name="team") as simulator:
        ec2 = boto_client(simulator, "ec2", region="eu-west-1")
        error = refusal(ec2.describe_instances)
        assert code_of(error) == "UnauthorizedOperation"
        assert "not authorized to perform: ec2:DescribeInstances" in str(error)
        assert ec2.describe_regions()["Regions"]
        assert len(ids_of(boto_client(simulator, "ec2").describe_instances())) == 12


def test_calls_are_counted_by_account_region_operation_and_outcome(simulator: SimulatorServer) -> None:
    ec2 = boto_client(simulator, "ec2")
    ec2.describe_instances()
    ec2.describe_instances()
    refusal(ec2.describe_instances, InstanceIds=["i-0123456789abcdef0"])
    boto_client(simulator, "ec2", region="us-west-2").describe_instances()
    assert simulator.ledger.total("DescribeInstances") == 4
    assert simulator.ledger.total("DescribeInstances", outcome="InvalidInstanceID.NotFound") == 1
    regions = {key.region: count for key, count in simulator.ledger.counts().items() if key.outcome == "ok"}
    assert regions == {"us-east-1": 2, "us-west-2": 1}


def test_botocore_s_retries_ride_out_a_short_throttling(simulator: SimulatorServer) -> None:
    simulator.faults.set(FaultName.THROTTLING, times=1)
    patient = Config(retries={"mode": "standard", "total_max_attempts": 3})
    assert boto_client(simulator, "ec2", config=patient).describe_instances()["Reservations"]
    assert simulator.ledger.total("DescribeInstances", outcome="RequestLimitExceeded") == 1
