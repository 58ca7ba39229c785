"""The whole of what is known of one worker: what is stored, and what every query is made from."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from cmlfleet.domain.facts import CMLComputeHost, CMLLab, CMLLicense, Datapoint, EC2Checks, EC2ScheduledEvent
from cmlfleet.domain.identifiers import AccountId, InstanceId, Region, WorkerId
from cmlfleet.domain.instance_ref import InstanceRef
from cmlfleet.domain.slot_copies import slot_copier
from cmlfleet.domain.sources import CMLPart, Source, SourceStatus


class WorkerStatus(StrEnum):
    """EC2's own words, and two of ours: EC2 no longer knows it; it was never read."""

    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    SHUTTING_DOWN = "shutting-down"
    TERMINATED = "terminated"
    MISSING = "missing"
    UNKNOWN = "unknown"


GONE_STATUSES = frozenset({WorkerStatus.TERMINATED, WorkerStatus.MISSING})
"""Statuses without a way back that EC2 knows: out of the monitoring, the metrics and, after a day, the lists."""


class Health(StrEnum):
    """The one-word verdict, the first that holds."""

    OFF = "off"
    BOOTING = "booting"
    UNREACHABLE = "unreachable"
    DEGRADED = "degraded"
    UNLICENSED = "unlicensed"
    UNKNOWN = "unknown"
    READY = "ready"


class WorkerRole(StrEnum):
    """A worker's place in a CML cluster."""

    STANDALONE = "standalone"
    CONTROLLER = "controller"
    COMPUTE = "compute"
    UNKNOWN = "unknown"


class FigureSource(StrEnum):
    """Which source a utilization figure is from."""

    CLOUDWATCH = "cloudwatch"
    CML = "cml"


@dataclass(slots=True, kw_only=True)
class HealthReason:
    """One thing that is wrong, since when by our own readings."""

    code: str
    text: str
    since: datetime


def _new_sources() -> dict[Source, SourceStatus]:
    return {source: SourceStatus() for source in Source}


@dataclass(slots=True, kw_only=True)
class CMLWorkerState:
    """Percentages are 0 to 100, sizes bytes, times aware UTC; None is not known. Only `CMLWorker` changes it."""

    id: WorkerId
    account_id: AccountId
    region: Region
    instance_id: InstanceId
    name: str
    created_at: datetime
    labels: dict[str, str] = field(default_factory=dict[str, str])
    note: str | None = None

    status: WorkerStatus = WorkerStatus.UNKNOWN
    status_reason: str | None = None
    instance_type: str | None = None
    ami_id: str | None = None
    availability_zone: str | None = None
    launched_at: datetime | None = None
    public_ip: str | None = None
    public_ip_is_elastic: bool | None = None
    private_ip: str | None = None
    addresses: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict[str, str])
    tags_seen_empty: bool = False
    discovery_tag_missing: bool = False
    detailed_monitoring: bool = False
    nested_virtualization: bool = False
    ec2_checks: EC2Checks | None = None
    ec2_impaired_readings: int = 0
    scheduled_events: tuple[EC2ScheduledEvent, ...] = ()
    first_absent_at: datetime | None = None
    gone_at: datetime | None = None
    https_endpoint: str | None = None
    endpoint_reason: str | None = None
    role: WorkerRole = WorkerRole.UNKNOWN
    controller_id: WorkerId | None = None
    compute_connected: bool | None = None

    cloudwatch_cpu: Datapoint | None = None
    cloudwatch_memory: Datapoint | None = None
    cml_cpu: Datapoint | None = None
    cml_memory: Datapoint | None = None
    cpu_utilization: float | None = None
    cpu_source: FigureSource | None = None
    cpu_metrics_at: datetime | None = None
    memory_utilization: float | None = None
    memory_source: FigureSource | None = None
    memory_metrics_at: datetime | None = None
    disk_utilization: float | None = None
    high_figures: tuple[str, ...] = ()

    cml_version: str | None = None
    cml_ready: bool | None = None
    ready_since: datetime | None = None
    ever_ready: bool = False
    unready_readings: int = 0
    stopped_answering_at: datetime | None = None
    cml_system_info: dict[str, Any] | None = None
    cml_reported_uptime_seconds: int | None = None
    cml_reported_uptime_at: datetime | None = None
    cml_is_admin: bool | None = None
    parts_asked_at: dict[CMLPart, datetime] = field(default_factory=dict[CMLPart, datetime])
    labs: tuple[CMLLab, ...] | None = None
    labs_count: int | None = None
    labs_running: int | None = None
    labs_reason: str | None = None
    nodes_running: int | None = None
    nodes_total: int | None = None
    orphans_running: int | None = None
    nodes_limit: int | None = None
    nodes_idle_since: datetime | None = None
    host_cpu_count: int | None = None
    host_memory_bytes: int | None = None
    host_disk_bytes: int | None = None
    cml_license: CMLLicense | None = None
    cml_license_reason: str | None = None
    cml_is_licensed: bool | None = None
    cml_health_valid: bool | None = None
    cml_health: dict[str, bool | None] = field(default_factory=dict[str, bool | None])
    compute_hosts: tuple[CMLComputeHost, ...] = ()
    maintenance_mode: bool | None = None
    maintenance_notice: str | None = None
    last_cml_api_sync_at: datetime | None = None
    last_cml_api_error: str | None = None
    certificate_pinned: str | None = None
    certificate_pinned_at: datetime | None = None
    certificate_presented: str | None = None
    certificate_shared_with: int = 0
    has_own_credentials: bool = False

    health: Health = Health.UNKNOWN
    health_reasons: tuple[HealthReason, ...] = ()
    sources: dict[Source, SourceStatus] = field(default_factory=_new_sources)
    monitoring_active: bool = True
    last_refreshed_at: datetime | None = None
    version: int = 0

    @property
    def instance(self) -> InstanceRef:
        """The instance's full name in AWS."""
        return InstanceRef(self.account_id, self.region, self.instance_id)

    @property
    def is_gone(self) -> bool:
        """Terminated, or no longer known to EC2."""
        return self.status in GONE_STATUSES


copied_state = slot_copier(CMLWorkerState)
"""A shallow copy: what is in it is shared."""
