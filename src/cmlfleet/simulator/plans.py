"""What a scenario wants the world to be: data, made real by the fleet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cmlfleet.simulator.cloud.credentials import CloudAccount
from cmlfleet.simulator.faults import FaultName

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
    title: str
    owner: str
    node_count: int
    started: bool


@dataclass(frozen=True, kw_only=True)
class FaultPlan:
    """A fault that is on from the beginning; for a worker it is the worker's own."""

    name: FaultName
    parameters: Mapping[str, float | str] = field(default_factory=dict[str, float | str])
    region: str = "*"
    operation: str = "*"


@dataclass(frozen=True, kw_only=True)
class BootPlan:
    """Seconds from power on until CML is ready, phase by phase."""

    refused_seconds: float
    bad_gateway_seconds: float
    not_ready_seconds: float


QUICK_BOOT = BootPlan(refused_seconds=4, bad_gateway_seconds=5, not_ready_seconds=4)


@dataclass(frozen=True, kw_only=True)
class WorkerPlan:
    """`up_seconds` is how long the instance has been running at the beginning; None: it is stopped. A worker
    that is `booting` is powered on at the beginning instead of being long ready."""

    name: str
    type_name: str
    account_id: str = FIRST_ACCOUNT.account_id
    region: str = HOME_REGION
    zone: str = "a"
    team: str = "training"
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    up_seconds: float | None = 20 * HOUR_SECONDS
    booting: bool = False
    boot: BootPlan = QUICK_BOOT
    elastic: bool = False
    detailed_monitoring: bool = False
    has_cloudwatch_agent: bool = False
    has_api: bool = True
    computes: int = 0
    labs: Sequence[LabPlan] = ()
    faults: Sequence[FaultPlan] = ()


@dataclass(frozen=True, kw_only=True)
class Scenario:
    name: str
    accounts: Sequence[CloudAccount]
    workers: Sequence[WorkerPlan]
    faults: Sequence[FaultPlan] = ()
