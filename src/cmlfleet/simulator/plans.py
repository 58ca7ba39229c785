"""What a scenario wants the world to be: data, made real by the fleet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cmlfleet.simulator.cloud.credentials import CloudAccount
from cmlfleet.simulator.controller.boot import BootPhases
from cmlfleet.simulator.faults import EVERYTHING, FaultName

MINUTE_SECONDS = 60.0
HOUR_SECONDS = 3600.0
FIRST_ACCOUNT = CloudAccount(
    account_id="111122223333", access_key_id="AKIASIMULATORAAAAAAA", secret_access_key="simulated-secret-a"
)
SECOND_ACCOUNT = CloudAccount(
    account_id="444455556666",
    access_key_id="AKIASIMULATORBBBBBBB",
    secret_access_key="simulated-secret-b",
    external_id="cmlfleet-external",
)
HOME_REGION = "us-east-1"
CML_USERNAME = "admin"
CML_PASSWORD = "Simulated-1"


@dataclass(frozen=True, kw_only=True)
class LabPlan:
    """`hours_ago`: since when it runs, or when it last did."""

    title: str
    owner: str
    node_count: int
    started: bool
    hours_ago: float = 3.0


@dataclass(frozen=True, kw_only=True)
class FaultPlan:
    """A fault that is on from the beginning; in a worker's plan it is that worker's own."""

    name: FaultName
    parameters: Mapping[str, float | str] = field(default_factory=dict[str, float | str])
    account: str = EVERYTHING
    region: str = EVERYTHING
    operation: str = EVERYTHING


class PowerPlan(StrEnum):
    """What a worker is doing when the simulation begins."""

    READY = "ready"
    BOOTING = "booting"
    STOPPED = "stopped"


QUICK_BOOT = BootPhases(refused_seconds=4, bad_gateway_seconds=5, not_ready_seconds=4)


@dataclass(frozen=True, kw_only=True)
class WorkerPlan:
    """`up_seconds`: how long ago the instance was launched. `controller_name` of a cluster's compute names the
    worker it belongs to: it has neither an API nor a public address. `story` says what is special;
    `node_quota` is how many nodes its licence allows, when not the usual 20."""

    name: str
    type_name: str
    story: str = ""
    account_id: str = FIRST_ACCOUNT.account_id
    region: str = HOME_REGION
    zone: str = "a"
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    power: PowerPlan = PowerPlan.READY
    up_seconds: float = 20 * HOUR_SECONDS
    boot: BootPhases = QUICK_BOOT
    elastic: bool = False
    detailed_monitoring: bool = False
    has_cloudwatch_agent: bool = False
    computes: int = 0
    controller_name: str | None = None
    cml_version: str | None = None
    node_quota: int | None = None
    labs: Sequence[LabPlan] = ()
    faults: Sequence[FaultPlan] = ()


class BeatAction(StrEnum):
    STOP_INSTANCE = "stop-instance"
    START_LAB = "start-lab"


@dataclass(frozen=True, kw_only=True)
class Beat:
    """Something that happens later in the story, and the words for the terminal."""

    after_seconds: float
    description: str
    action: BeatAction
    worker: str


@dataclass(frozen=True, kw_only=True)
class Scenario:
    name: str
    accounts: Sequence[CloudAccount]
    workers: Sequence[WorkerPlan]
    faults: Sequence[FaultPlan] = ()
    beats: Sequence[Beat] = ()
