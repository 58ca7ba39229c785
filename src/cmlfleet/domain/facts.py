"""Facts: what one source said of one worker at one moment.

Adapters make facts, `CMLWorker` alone decides what they mean. A source's failure is a fact too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cmlfleet.domain.identifiers import LabId
from cmlfleet.domain.sources import CMLPart, ErrorCode, Outcome, PartStatus, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailure:
    """The source was asked and gave no usable answer.

    `detail` is one sentence for a person, without secrets; for a denial it names the missing permission.
    """

    source: Source
    read_at: datetime
    code: ErrorCode
    detail: str
    operation: str | None = None
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EC2Checks:
    """EC2's own status checks in EC2's words: `ok`, `impaired`, `initializing`, `insufficient-data`, …"""

    system: str
    instance: str
    ebs: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EC2ScheduledEvent:
    """One event that AWS has scheduled for the host, such as `instance-retirement`."""

    code: str
    description: str
    not_before: datetime | None = None
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EC2InstanceFact:
    """What DescribeInstances and DescribeInstanceStatus said.

    `launched_at` is EC2's LaunchTime, which each start resets. `checks` and `scheduled_events` are None when the
    status was not read. `addresses` are all addresses that EC2 reports for this very instance.
    `read_at` is the moment the answer was asked for, so that a later answer always compares as newer.
    """

    read_at: datetime
    state: str
    state_reason: str | None
    instance_type: str
    image_id: str
    availability_zone: str | None
    launched_at: datetime
    private_ip: str | None
    public_ip: str | None
    public_ip_is_elastic: bool
    addresses: tuple[str, ...]
    tags: Mapping[str, str]
    detailed_monitoring: bool
    nested_virtualization: bool = False
    checks: EC2Checks | None = None
    scheduled_events: tuple[EC2ScheduledEvent, ...] | None = None
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EC2AbsentFact:
    """A good answer of EC2 that does not hold the instance. One of them proves nothing: EC2 is eventually
    consistent."""

    read_at: datetime
    duration_ms: float = 0.0


EC2Fact = EC2InstanceFact | EC2AbsentFact | SourceFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Datapoint:
    """One CloudWatch datapoint: percent (0 to 100), with the time that CloudWatch gives it."""

    percent: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UtilizationFact:
    """The newest datapoints of CPUUtilization and, where the CloudWatch agent publishes it, of memory."""

    read_at: datetime
    cpu: Datapoint | None
    memory: Datapoint | None
    duration_ms: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """`no_data`: CloudWatch answered and has no datapoint in the window."""
        return Outcome.NO_DATA if self.cpu is None and self.memory is None else Outcome.OK


CloudWatchFact = UtilizationFact | SourceFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLSystemInformation:
    """`GET /system_information`: public, and 200 even while the controller is not ready."""

    version: str
    ready: bool
    raw: Mapping[str, Any]
    uptime_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLComputeStatistics:
    """One compute host's share of `GET /system_stats`. Percentages 0 to 100, sizes in bytes, None: not given."""

    compute_id: str
    hostname: str | None
    is_controller: bool
    cpu_count: int | None
    cpu_percent: float | None
    load: tuple[float, ...]
    memory_used_bytes: int | None
    memory_total_bytes: int | None
    disk_used_bytes: int | None
    disk_total_bytes: int | None
    running_nodes: int | None
    total_nodes: int | None
    running_orphans: int | None
    total_orphans: int | None
    allocated_cpus: int | None
    allocated_memory_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLStatistics:
    """`GET /system_stats`: host load over all computes. Percentages 0 to 100; None where CML did not say."""

    cpu_percent: float | None
    memory_percent: float | None
    disk_percent: float | None
    running_nodes: int | None
    total_nodes: int | None
    computes: tuple[CMLComputeStatistics, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLComputeHost:
    """One compute of a cluster, from `GET /system/compute_hosts` or, for who may not ask, `GET /system_health`."""

    compute_id: str
    hostname: str
    is_controller: bool
    admission_state: str | None
    is_connected: bool | None
    is_synced: bool | None
    server_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLHealth:
    """`GET /system_health`. A flag that CML gives as null is None: unknown, not false.

    `checks` is flat: `controller.core_connected`, `computes.<hostname>.kvm_vmx_enabled`, …; overload flags of 2.10
    are inverted into `…not_overloaded` by the adapter so that false always means trouble.
    """

    valid: bool | None
    is_licensed: bool | None
    is_enterprise: bool | None
    checks: Mapping[str, bool | None]
    compute_hosts: tuple[CMLComputeHost, ...]


LAB_STATES = frozenset({"DEFINED_ON_CORE", "QUEUED", "STARTED", "STOPPED"})
"""The words that CML is known to use; a controller may use others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLLab:
    """One lab as its controller describes it; `state` is CML's own word, an open set."""

    lab_id: LabId
    title: str
    owner: str | None
    state: str
    node_count: int
    nodes_running: int | None
    created_at: datetime | None
    modified_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLLicenseFeature:
    """A feature of the licence: `in_use` counts what this controller has requested."""

    feature_id: str
    name: str
    status: str
    in_use: int | None
    minimum: int | None
    maximum: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLLicense:
    """`GET /licensing`, administrators only. Statuses are CML's raw words; its zoneless times are read as UTC.

    `nodes_limit` is the number of nodes that may run, None when it cannot be told.
    """

    registration_status: str | None
    authorization_status: str | None
    product: str | None
    is_enterprise: bool | None
    smart_account: str | None
    virtual_account: str | None
    registration_expires_at: datetime | None
    authorization_expires_at: datetime | None
    renew_at: datetime | None
    renew_failed: bool | None
    features: tuple[CMLLicenseFeature, ...]
    nodes_limit: int | None

    @property
    def expires_at(self) -> datetime | None:
        """The earlier of the two expiries."""
        expiries = (self.registration_expires_at, self.authorization_expires_at)
        return min((at for at in expiries if at is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLFact:
    """One whole reading of a controller, good or partly so.

    `parts` holds the parts that were really asked for (a part that was not due is absent). `error_code` and `detail`
    are those of the first failure that makes the source fail as a whole: connection, sign-in, system information,
    statistics or the list of labs. `has_credentials` is false when only the public parts could be read for want of
    credentials. `certificate` is the SHA-256 fingerprint (lower-case hexadecimal) that the endpoint presented;
    `certificate_verified` says that its chain verified for the endpoint's name. `is_admin` is None when it cannot be
    told. `labs` holds every lab when details were read, else None while `lab_ids` still tells which there are.
    """

    read_at: datetime
    parts: Mapping[CMLPart, PartStatus] = field(default_factory=dict[CMLPart, PartStatus])
    error_code: ErrorCode | None = None
    detail: str | None = None
    has_credentials: bool = True
    certificate: str | None = None
    certificate_verified: bool = False
    is_admin: bool | None = None
    system_information: CMLSystemInformation | None = None
    maintenance_mode: bool | None = None
    maintenance_notice: str | None = None
    statistics: CMLStatistics | None = None
    lab_ids: frozenset[LabId] | None = None
    labs: tuple[CMLLab, ...] | None = None
    health: CMLHealth | None = None
    license: CMLLicense | None = None
    license_reason: str | None = None
    duration_ms: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """`ok` or `error` for the whole reading; a partial failure of an optional part is still `ok`."""
        return Outcome.OK if self.error_code is None else Outcome.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLReadingPlan:
    """What to ask of a controller this time, and what is known, so that the reader sees a change.

    System information, statistics and the list of lab ids are always read. Lab details are read when `labs` is set,
    or when the ids or the running-node count differ from what is known; the licence when `licence` is set, or when
    `is_licensed` of the health differs from `known_is_licensed`. `forced` says that a person or a script asked: a
    sign-in that was refused before is then tried again at once, which a background reading never does.
    """

    health: bool
    labs: bool
    licence: bool
    known_lab_ids: frozenset[LabId] | None = None
    known_running_nodes: int | None = None
    known_is_licensed: bool | None = None
    forced: bool = False
