"""The demo's fleet: twelve workers of a training team, each with something to see, and what happens to them."""

import math

from cmlfleet.simulator.controller.boot import BootPhases
from cmlfleet.simulator.faults import FaultName
from cmlfleet.simulator.plans import (
    FIRST_ACCOUNT,
    HOME_REGION,
    HOUR_SECONDS,
    MINUTE_SECONDS,
    Beat,
    BeatAction,
    FaultPlan,
    LabPlan,
    PowerPlan,
    Scenario,
    WorkerPlan,
)

DENIED_REGION = "eu-west-1"

_TEAM = {"team": "training", "owner": "cml-trainers"}
_DAY_SECONDS = 24 * HOUR_SECONDS

# Refused from the first sweep on, then nginx without the API, then ready: false, then ready, in a minute.
_BOOT_ON_SCREEN = BootPhases(refused_seconds=18, bad_gateway_seconds=18, not_ready_seconds=12)
_BOOT_THAT_HANGS = BootPhases(refused_seconds=0, bad_gateway_seconds=math.inf, not_ready_seconds=0)


def team_story() -> Scenario:
    return Scenario(
        name="team",
        accounts=(FIRST_ACCOUNT,),
        workers=(*_class_rooms(), *_broken(), *_wasteful(), *_cluster(), *_ending(), *_out_of_reach()),
        faults=(
            FaultPlan(name=FaultName.DENIED, region=DENIED_REGION, operation="DescribeInstances"),
            FaultPlan(name=FaultName.DENIED, region=DENIED_REGION, operation="DescribeInstanceStatus"),
        ),
        beats=(
            Beat(
                after_seconds=40,
                description="bgp-class-2 is stopped in the AWS console: its status turns to stopping, then stopped",
                action=BeatAction.STOP_INSTANCE,
                worker="bgp-class-2",
            ),
            Beat(
                after_seconds=55,
                description="a lab is started on metal-forgotten: its nodes run again after nine hours",
                action=BeatAction.START_LAB,
                worker="metal-forgotten",
            ),
        ),
    )


def _class_rooms() -> list[WorkerPlan]:
    return [
        WorkerPlan(
            name="bgp-class-1",
            type_name="m8i.8xlarge",
            story="a class in full swing: a lab for each student, and a licence that lapses in nine days",
            tags={**_TEAM, "course": "bgp-201"},
            up_seconds=5 * HOUR_SECONDS,
            detailed_monitoring=True,
            has_cloudwatch_agent=True,
            elastic=True,
            node_quota=120,
            labs=[_student_lab(number, nodes=6) for number in range(1, 15)],
            faults=[FaultPlan(name=FaultName.LICENSE_EXPIRING, parameters={"days": 9})],
        ),
        WorkerPlan(
            name="bgp-class-2",
            type_name="m8i.4xlarge",
            story="the class's second room; somebody will stop it in the AWS console",
            tags={**_TEAM, "course": "bgp-201"},
            up_seconds=5 * HOUR_SECONDS,
            node_quota=60,
            labs=[_student_lab(number, nodes=4) for number in range(15, 20)],
        ),
        WorkerPlan(
            name="sdwan-new",
            type_name="m5zn.metal",
            story="just launched: refused, then 502, then not ready, then ready, within a minute",
            tags={**_TEAM, "course": "sdwan-101"},
            power=PowerPlan.BOOTING,
            up_seconds=3 * MINUTE_SECONDS,
            boot=_BOOT_ON_SCREEN,
            labs=[LabPlan(title="SD-WAN edge", owner="admin", node_count=5, started=False)],
        ),
    ]


def _broken() -> list[WorkerPlan]:
    return [
        WorkerPlan(
            name="aci-stuck",
            type_name="m5zn.metal",
            story="EC2 says it runs, nginx answers 502 for 47 minutes",
            tags=_TEAM,
            power=PowerPlan.BOOTING,
            up_seconds=47 * MINUTE_SECONDS,
            boot=_BOOT_THAT_HANGS,
        ),
        WorkerPlan(
            name="ospf-password",
            type_name="c8i.4xlarge",
            story="the password was changed by hand; the version is known all the same",
            tags=_TEAM,
            up_seconds=2 * _DAY_SECONDS,
            labs=[LabPlan(title="OSPF areas", owner="admin", node_count=6, started=True)],
            faults=[FaultPlan(name=FaultName.WRONG_PASSWORD)],
        ),
        WorkerPlan(
            name="student-full",
            type_name="c8i.8xlarge",
            story="the disk is at 94 % and 20 of 20 nodes run",
            tags=_TEAM,
            up_seconds=9 * _DAY_SECONDS,
            node_quota=20,
            labs=[
                LabPlan(title="Campus of anna", owner="anna", node_count=8, started=True, hours_ago=20),
                LabPlan(title="Campus of ben", owner="ben", node_count=7, started=True, hours_ago=6),
                LabPlan(title="MPLS of chris", owner="chris", node_count=5, started=True, hours_ago=2),
                LabPlan(title="Old exam", owner="dana", node_count=12, started=False, hours_ago=70),
            ],
            faults=[FaultPlan(name=FaultName.DISK_FULL, parameters={"percent": 94})],
        ),
        WorkerPlan(
            name="campus-compliance",
            type_name="m8i.4xlarge",
            story="its licence is out of compliance",
            tags=_TEAM,
            up_seconds=3 * _DAY_SECONDS,
            labs=[LabPlan(title="Campus", owner="admin", node_count=6, started=True)],
            faults=[FaultPlan(name=FaultName.OUT_OF_COMPLIANCE)],
        ),
    ]


def _wasteful() -> list[WorkerPlan]:
    return [
        WorkerPlan(
            name="metal-forgotten",
            type_name="m6i.metal",
            story="six dollars an hour, and no node has run for nine hours",
            tags=_TEAM,
            up_seconds=31 * HOUR_SECONDS,
            labs=[
                LabPlan(title="Data center", owner="dana", node_count=12, started=False, hours_ago=9),
                LabPlan(title="Data center, second try", owner="dana", node_count=8, started=False, hours_ago=11),
            ],
        )
    ]


def _cluster() -> list[WorkerPlan]:
    return [
        WorkerPlan(
            name="dc-cluster",
            type_name="m8i.8xlarge",
            story="a cluster's controller that lost one of its two computes",
            tags={**_TEAM, "course": "dc-301"},
            up_seconds=4 * _DAY_SECONDS,
            elastic=True,
            computes=2,
            labs=[LabPlan(title="Data center fabric", owner="admin", node_count=10, started=True)],
            faults=[FaultPlan(name=FaultName.COMPUTE_LOST)],
        ),
        WorkerPlan(
            name="dc-cluster-compute-2",
            type_name="m5zn.metal",
            story="the compute its controller lost: an instance without an API of its own",
            tags={**_TEAM, "course": "dc-301"},
            up_seconds=4 * _DAY_SECONDS,
            controller_name="dc-cluster",
        ),
    ]


def _ending() -> list[WorkerPlan]:
    return [
        WorkerPlan(
            name="mpls-retiring",
            type_name="c5.metal",
            story="AWS retires its host in five days",
            tags=_TEAM,
            up_seconds=40 * _DAY_SECONDS,
            labs=[LabPlan(title="MPLS core", owner="admin", node_count=9, started=True)],
            faults=[FaultPlan(name=FaultName.SCHEDULED_RETIREMENT, parameters={"days": 5})],
        ),
        WorkerPlan(
            name="summer-lab",
            type_name="m8i.2xlarge",
            story="stopped since the summer",
            tags=_TEAM,
            power=PowerPlan.STOPPED,
            up_seconds=150 * _DAY_SECONDS,
            elastic=True,
        ),
    ]


def _out_of_reach() -> list[WorkerPlan]:
    """They exist, but nobody may list them: the twelve are those of the home region."""
    return [
        WorkerPlan(
            name=f"paris-{number}",
            type_name="m8i.4xlarge",
            story="in a region whose DescribeInstances is denied",
            region=DENIED_REGION,
            tags=_TEAM,
        )
        for number in (1, 2)
    ]


def _student_lab(number: int, *, nodes: int) -> LabPlan:
    return LabPlan(
        title=f"BGP student {number:02}",
        owner=f"student{number:02}",
        node_count=nodes,
        started=True,
        hours_ago=1.5,
    )


HOME_WORKERS = sum(plan.region == HOME_REGION for plan in team_story().workers)
