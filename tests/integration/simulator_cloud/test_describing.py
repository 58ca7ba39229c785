"""boto3, unmodified, lists instances and their status."""

from typing import Any

import pytest
from tests.integration.simulator_cloud.asking import (
    code_of,
    described,
    first_instance,
    ids_of,
    instances_of,
    message_of,
    refusal,
    status_of,
)
from tests.support.simulator import boto_client, simulator_in_thread

from cmlfleet.simulator.server import SimulatorServer


def test_pages_hold_each_instance_once(ec2: Any) -> None:
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    listed = [instance_id for page in pages for instance_id in ids_of(page)]
    assert [len(ids_of(page)) for page in pages] == [5, 5, 2]
    assert len(set(listed)) == 12


def test_an_instance_has_what_a_worker_needs(ec2: Any) -> None:
    instance = first_instance(ec2)
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    assert tags["cmlfleet:managed"] == "true"
    assert tags["cmlfleet:endpoint"].startswith("https://127.1.0.1:")
    assert tags["Name"] == "cml-worker-00001"
    assert instance["State"] == {"Code": 16, "Name": "running"}
    assert instance["PublicIpAddress"].startswith(("198.18.", "198.19."))
    assert instance["Monitoring"]["State"] in {"enabled", "disabled"}
    assert instance["ImageId"].startswith("ami-")


def test_who_owns_the_address_tells_an_elastic_one(ec2: Any) -> None:
    owners = {
        instance["NetworkInterfaces"][0]["Association"]["IpOwnerId"]
        for instance in instances_of(ec2.describe_instances())
    }
    assert owners == {"amazon", "111122223333"}


def test_metal_has_no_cpu_options_and_virtual_machines_nest(ec2: Any) -> None:
    for instance in instances_of(ec2.describe_instances()):
        if ".metal" in instance["InstanceType"]:
            assert "CpuOptions" not in instance
        else:
            assert instance["CpuOptions"]["NestedVirtualization"] == "enabled"


def test_a_page_holds_five_to_a_thousand(ec2: Any) -> None:
    for size in (4, 1001):
        assert code_of(refusal(ec2.describe_instances, MaxResults=size)) == "InvalidParameterValue"


def test_ids_and_pages_exclude_each_other(ec2: Any) -> None:
    instance_id = first_instance(ec2)["InstanceId"]
    error = refusal(ec2.describe_instances, InstanceIds=[instance_id], MaxResults=5)
    assert code_of(error) == "InvalidParameterCombination"


def test_a_token_that_was_never_given_is_refused(ec2: Any) -> None:
    assert code_of(refusal(ec2.describe_instances, MaxResults=5, NextToken="no such")) == "InvalidNextToken"


@pytest.mark.parametrize(
    ("unknown", "text"),
    [
        (["i-0123456789abcdef0"], "The instance ID 'i-0123456789abcdef0' does not exist"),
        (
            ["i-0123456789abcdef0", "i-abcdef01"],
            "The instance IDs 'i-0123456789abcdef0, i-abcdef01' do not exist",
        ),
    ],
)
def test_unknown_ids_fail_the_whole_call_and_are_all_named(ec2: Any, unknown: list[str], text: str) -> None:
    known = first_instance(ec2)["InstanceId"]
    error = refusal(ec2.describe_instances, InstanceIds=[known, *unknown])
    assert code_of(error) == "InvalidInstanceID.NotFound"
    assert message_of(error) == text
    assert status_of(error) == 400


def test_a_malformed_id(ec2: Any) -> None:
    error = refusal(ec2.describe_instances, InstanceIds=["banana"])
    assert code_of(error) == "InvalidInstanceID.Malformed"


def test_an_unknown_id_in_a_filter_is_just_absent(ec2: Any) -> None:
    known = first_instance(ec2)["InstanceId"]
    values = [known, "i-0123456789abcdef0"]
    answer = ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": values}], MaxResults=1000)
    assert ids_of(answer) == [known]


def test_filters_by_tag_key_state_and_zone(ec2: Any) -> None:
    everything = instances_of(ec2.describe_instances())
    zone = everything[0]["Placement"]["AvailabilityZone"]

    def found(*filters: Any) -> int:
        asked = [{"Name": name, "Values": values} for name, values in filters]
        return len(ids_of(ec2.describe_instances(Filters=asked)))

    in_zone = sum(each["Placement"]["AvailabilityZone"] == zone for each in everything)
    assert found(("tag:cmlfleet:managed", ["true"])) == 12
    assert found(("tag:cmlfleet:managed", ["false"])) == 0
    assert found(("tag:Name", ["cml-worker-0000?"])) == 9
    assert found(("tag-key", ["cmlfleet:endpoint"])) == 12
    assert found(("instance-state-name", ["stopped", "stopping"])) == 0
    assert found(("availability-zone", [zone]), ("instance-state-name", ["running"])) == in_zone


def test_more_than_200_filter_values_are_too_many(ec2: Any) -> None:
    values = [f"i-{number:017x}" for number in range(201)]
    assert ids_of(ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": values[:200]}])) == []
    error = refusal(ec2.describe_instances, Filters=[{"Name": "instance-id", "Values": values}])
    assert code_of(error) == "FilterLimitExceeded"
    assert "200" in str(error)


def test_an_unknown_filter_is_refused(ec2: Any) -> None:
    error = refusal(ec2.describe_instances, Filters=[{"Name": "colour", "Values": ["red"]}])
    assert code_of(error) == "InvalidParameterValue"


def test_status_shows_running_instances_unless_asked_for_all(simulator: SimulatorServer, ec2: Any) -> None:
    stopped = first_instance(ec2)["InstanceId"]
    ec2.stop_instances(InstanceIds=[stopped])
    simulator.clock.advance(1000)
    running = ec2.describe_instance_status()["InstanceStatuses"]
    everything = ec2.describe_instance_status(IncludeAllInstances=True)["InstanceStatuses"]
    assert len(running) == 11
    assert {each["InstanceId"] for each in everything} - {each["InstanceId"] for each in running} == {stopped}
    assert {each["InstanceStatus"]["Status"] for each in running} == {"ok"}
    assert everything[0]["InstanceStatus"]["Status"] == "not-applicable"


def test_status_pages(ec2: Any) -> None:
    pages = ec2.get_paginator("describe_instance_status").paginate(
        IncludeAllInstances=True, PaginationConfig={"PageSize": 5}
    )
    assert [len(page["InstanceStatuses"]) for page in pages] == [5, 5, 2]


def test_status_takes_a_hundred_ids_at_most() -> None:
    with simulator_in_thread(workers=101) as simulator:
        ec2 = boto_client(simulator, "ec2")
        instance_ids = ids_of(ec2.describe_instances())
        statuses = ec2.describe_instance_status(InstanceIds=instance_ids[:100])["InstanceStatuses"]
        assert len(statuses) == 100
        error = refusal(ec2.describe_instance_status, InstanceIds=instance_ids)
        assert "101 exceeds the maximum number of instance IDs" in str(error)


def test_the_same_seed_gives_the_same_fleet_and_another_another() -> None:
    def fleet(seed: int) -> list[Any]:
        with simulator_in_thread(workers=6, seed=seed, cml_port=8443) as simulator:
            ec2 = boto_client(simulator, "ec2")
            labs = [
                (lab.id, lab.title)
                for worker in simulator.fleet.workers.values()
                if worker.controller is not None
                for lab in worker.controller.labs
            ]
            return [
                *(
                    (each["InstanceId"], each["PublicIpAddress"], each["PrivateIpAddress"], each["Tags"])
                    for each in instances_of(ec2.describe_instances())
                ),
                *labs,
            ]

    assert fleet(7) == fleet(7)
    assert fleet(7) != fleet(8)


def test_tags_are_added_and_taken_away(ec2: Any) -> None:
    instance_id = first_instance(ec2)["InstanceId"]
    ec2.create_tags(Resources=[instance_id], Tags=[{"Key": "course", "Value": "a & b"}])
    tags = {tag["Key"]: tag["Value"] for tag in described(ec2, instance_id)["Tags"]}
    assert tags["course"] == "a & b"
    ec2.delete_tags(Resources=[instance_id], Tags=[{"Key": "course", "Value": "other"}])
    assert "course" in {tag["Key"] for tag in described(ec2, instance_id)["Tags"]}
    ec2.delete_tags(Resources=[instance_id], Tags=[{"Key": "course"}])
    assert "course" not in {tag["Key"] for tag in described(ec2, instance_id)["Tags"]}


def test_regions(ec2: Any) -> None:
    enabled = {region["RegionName"] for region in ec2.describe_regions()["Regions"]}
    everything = ec2.describe_regions(AllRegions=True)["Regions"]
    assert "us-east-1" in enabled
    assert "me-south-1" not in enabled
    assert {r["OptInStatus"] for r in everything} == {"opt-in-not-required", "not-opted-in"}
