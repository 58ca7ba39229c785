"""Starting, stopping, terminating and launching, with the states in between."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.integration.simulator_cloud.asking import (
    code_of,
    described,
    first_instance,
    ids_of,
    refusal,
    status_of,
)

from cmlfleet.simulator.server import SimulatorServer

LONG_ENOUGH_SECONDS = 1000


def state(ec2: Any, instance_id: str) -> str:
    return described(ec2, instance_id)["State"]["Name"]


@pytest.fixture
def instance_id(ec2: Any) -> str:
    return first_instance(ec2)["InstanceId"]


@pytest.fixture
def stopped_id(simulator: SimulatorServer, ec2: Any, instance_id: str) -> str:
    ec2.stop_instances(InstanceIds=[instance_id])
    simulator.clock.advance(LONG_ENOUGH_SECONDS)
    assert state(ec2, instance_id) == "stopped"
    return instance_id


def test_a_stop_takes_its_time_and_leaves_its_reason(simulator: SimulatorServer, ec2: Any, instance_id: str) -> None:
    change = ec2.stop_instances(InstanceIds=[instance_id])["StoppingInstances"][0]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == ("running", "stopping")
    assert state(ec2, instance_id) == "stopping"
    assert state(ec2, instance_id) == "stopping"
    simulator.clock.advance(LONG_ENOUGH_SECONDS)
    instance = described(ec2, instance_id)
    assert instance["State"] == {"Code": 80, "Name": "stopped"}
    assert instance["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    text = instance["StateTransitionReason"].removesuffix(" GMT)") + "+0000"
    stopped_at = datetime.strptime(text, "User initiated (%Y-%m-%d %H:%M:%S%z")
    assert abs((stopped_at - datetime.now(UTC)).total_seconds()) < 10


def test_the_public_address_is_released_and_another_comes(
    simulator: SimulatorServer, ec2: Any, instance_id: str
) -> None:
    before = described(ec2, instance_id)
    ec2.stop_instances(InstanceIds=[instance_id])
    simulator.clock.advance(LONG_ENOUGH_SECONDS)
    stopped = described(ec2, instance_id)
    ec2.start_instances(InstanceIds=[instance_id])
    simulator.clock.advance(LONG_ENOUGH_SECONDS)
    after = described(ec2, instance_id)
    assert "PublicIpAddress" not in stopped
    assert after["PublicIpAddress"] != before["PublicIpAddress"]
    assert before["PrivateIpAddress"] == stopped["PrivateIpAddress"] == after["PrivateIpAddress"]


def test_an_elastic_address_stays(simulator: SimulatorServer, ec2: Any) -> None:
    elastic = next(worker.instance for worker in simulator.fleet.workers.values() if worker.plan.elastic)
    ec2.stop_instances(InstanceIds=[elastic.instance_id])
    simulator.clock.advance(LONG_ENOUGH_SECONDS)
    assert described(ec2, elastic.instance_id)["PublicIpAddress"] == elastic.elastic_ip


def test_a_start_resets_the_launch_time(simulator: SimulatorServer, ec2: Any, stopped_id: str) -> None:
    launched_before = described(ec2, stopped_id)["LaunchTime"]
    change = ec2.start_instances(InstanceIds=[stopped_id])["StartingInstances"][0]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == ("stopped", "pending")
    pending = described(ec2, stopped_id)
    assert pending["State"]["Name"] == "pending"
    simulator.clock.advance(LONG_ENOUGH_SECONDS)
    running = described(ec2, stopped_id)
    assert running["State"]["Name"] == "running"
    assert running["LaunchTime"] > launched_before
    assert running["StateTransitionReason"] == ""


def test_checks_are_initializing_then_ok(simulator: SimulatorServer, ec2: Any, stopped_id: str) -> None:
    ec2.start_instances(InstanceIds=[stopped_id])
    simulator.clock.advance(LONG_ENOUGH_SECONDS)

    def checks() -> str:
        status = ec2.describe_instance_status(InstanceIds=[stopped_id])["InstanceStatuses"][0]
        return status["InstanceStatus"]["Status"]

    assert checks() == "initializing"
    simulator.clock.advance(60)
    assert checks() == "ok"


def test_repeating_an_order_changes_nothing(ec2: Any, instance_id: str) -> None:
    change = ec2.start_instances(InstanceIds=[instance_id])["StartingInstances"][0]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == ("running", "running")
    ec2.stop_instances(InstanceIds=[instance_id])
    change = ec2.stop_instances(InstanceIds=[instance_id])["StoppingInstances"][0]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == ("stopping", "stopping")


def test_a_start_while_stopping_is_refused(ec2: Any, instance_id: str) -> None:
    ec2.stop_instances(InstanceIds=[instance_id])
    assert code_of(refusal(ec2.start_instances, InstanceIds=[instance_id])) == "IncorrectInstanceState"


def test_the_terminated_stay_for_an_hour_and_never_start_again(
    simulator: SimulatorServer, ec2: Any, instance_id: str
) -> None:
    ec2.terminate_instances(InstanceIds=[instance_id])
    assert state(ec2, instance_id) == "shutting-down"
    simulator.clock.advance(LONG_ENOUGH_SECONDS)
    gone = described(ec2, instance_id)
    assert gone["State"]["Name"] == "terminated"
    assert "PrivateIpAddress" not in gone
    assert code_of(refusal(ec2.start_instances, InstanceIds=[instance_id])) == "IncorrectInstanceState"
    simulator.clock.advance(3600)
    assert code_of(refusal(ec2.describe_instances, InstanceIds=[instance_id])) == "InvalidInstanceID.NotFound"
    assert instance_id not in ids_of(ec2.describe_instances())


def test_one_bad_id_stops_none(ec2: Any, instance_id: str) -> None:
    unknown = "i-0123456789abcdef0"
    assert code_of(refusal(ec2.stop_instances, InstanceIds=[instance_id, unknown])) == "InvalidInstanceID.NotFound"
    assert state(ec2, instance_id) == "running"


def test_protection_spares_its_zone_and_nobody_elses(simulator: SimulatorServer, ec2: Any) -> None:
    by_zone = {worker.instance.availability_zone: worker.instance for worker in simulator.fleet.workers.values()}
    protected, other = list(by_zone.values())[:2]
    protected.termination_protected = True
    asked = [protected.instance_id, other.instance_id]
    assert code_of(refusal(ec2.terminate_instances, InstanceIds=asked)) == "OperationNotPermitted"
    assert state(ec2, protected.instance_id) == "running"
    assert state(ec2, other.instance_id) == "shutting-down"


def test_a_dry_run_does_nothing(ec2: Any, instance_id: str) -> None:
    error = refusal(ec2.stop_instances, InstanceIds=[instance_id], DryRun=True)
    assert (code_of(error), status_of(error)) == ("DryRunOperation", 412)
    assert state(ec2, instance_id) == "running"


def test_a_reboot_keeps_everything_but_the_controller(simulator: SimulatorServer, ec2: Any, instance_id: str) -> None:
    before = described(ec2, instance_id)
    ec2.reboot_instances(InstanceIds=[instance_id])
    assert described(ec2, instance_id) == before
    controller = simulator.fleet.worker(instance_id).controller
    assert controller is not None
    assert controller.phase() == "refused"


def test_a_launch_is_pending_then_running_and_happens_once(simulator: SimulatorServer, ec2: Any) -> None:
    order = {
        "ImageId": "ami-0123456789abcdef0",
        "InstanceType": "m8i.2xlarge",
        "MinCount": 2,
        "MaxCount": 2,
        "ClientToken": "once",
        "CpuOptions": {"NestedVirtualization": "enabled"},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "new"}]}],
    }
    launched = [each["InstanceId"] for each in ec2.run_instances(**order)["Instances"]]
    again = [each["InstanceId"] for each in ec2.run_instances(**order)["Instances"]]
    assert len(launched) == 2
    assert again == launched
    assert state(ec2, launched[0]) == "pending"
    simulator.clock.advance(LONG_ENOUGH_SECONDS)
    instance = described(ec2, launched[0])
    assert instance["State"]["Name"] == "running"
    assert instance["Tags"] == [{"Key": "Name", "Value": "new"}]
    assert instance["CpuOptions"]["NestedVirtualization"] == "enabled"
    reservations = ec2.describe_instances(InstanceIds=launched)["Reservations"]
    assert [len(each["Instances"]) for each in reservations] == [2]


def test_monitoring_is_switched(ec2: Any, instance_id: str) -> None:
    answer = ec2.monitor_instances(InstanceIds=[instance_id])["InstanceMonitorings"][0]
    assert answer["Monitoring"]["State"] == "pending"
    assert described(ec2, instance_id)["Monitoring"]["State"] == "enabled"
    ec2.unmonitor_instances(InstanceIds=[instance_id])
    assert described(ec2, instance_id)["Monitoring"]["State"] == "disabled"


def test_a_hibernate_that_was_not_configured(ec2: Any, instance_id: str) -> None:
    error = refusal(ec2.stop_instances, InstanceIds=[instance_id], Hibernate=True)
    assert code_of(error) == "UnsupportedHibernationConfiguration"
