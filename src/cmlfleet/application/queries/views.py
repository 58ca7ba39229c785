"""What queries answer: plain data, field for field what the public interface shows.

Percentages are 0 to 100, money US dollars an hour, times aware UTC; null is not known or does not apply.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cmlfleet.application.team_limit import TeamLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """The last real reading of one part of the CML API."""

    outcome: str
    error_code: str | None
    detail: str | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """What the record says of one source; `stale` once its last good reading is older than three of its periods.

    `next_due_at` is when it is asked again, the present moment while it is being read or about to be; null where
    nothing is planned.
    """

    outcome: str | None
    reason: str | None
    error_code: str | None
    read_at: datetime | None
    failing_since: datetime | None
    next_due_at: datetime | None
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CMLSourceView(SourceView):
    """The CML API's source, with its parts."""

    parts: dict[str, PartView]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesView:
    """The three sources of a record."""

    ec2: SourceView
    cloudwatch: SourceView
    cml: CMLSourceView


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReasonView:
    """One thing that is wrong, and since when."""

    code: str
    text: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EC2ChecksView:
    """EC2's status checks in EC2's words."""

    system: str
    instance: str
    ebs: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledEventView:
    """What AWS has scheduled for the host."""

    code: str
    description: str
    not_before: datetime | None
    not_after: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeHostView:
    """One compute of the worker's cluster."""

    id: str
    hostname: str
    is_controller: bool
    admission_state: str | None
    is_connected: bool | None
    is_synced: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseView:
    """The licence in short; statuses are CML's raw words, `expires_at` the earlier of the two expiries."""

    status: str | None
    authorization: str | None
    product: str | None
    registration_expires_at: datetime | None
    authorization_expires_at: datetime | None
    expires_at: datetime | None
    renew_at: datetime | None
    renew_failed: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseFeatureView:
    """One feature of the licence and how much of it is requested."""

    id: str
    name: str
    status: str
    in_use: int | None
    min: int | None
    max: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseDetailView:
    """The whole licence of a worker; `reason` says why there is none."""

    worker_id: str
    is_licensed: bool | None
    license: LicenseView | None
    smart_account: str | None
    virtual_account: str | None
    nodes_limit: int | None
    features: tuple[LicenseFeatureView, ...]
    reason: str | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringView:
    """Background monitoring of the worker."""

    active: bool
    next_refresh_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerView:
    """One worker, as the API, the command line and the stream show it."""

    id: str
    name: str
    account_id: str
    region: str
    instance_id: str
    instance_type: str | None
    ami_id: str | None
    availability_zone: str | None
    labels: dict[str, str]
    note: str | None
    tags: dict[str, str]
    discovery_tag_missing: bool
    status: str
    status_reason: str | None
    launched_at: datetime | None
    public_ip: str | None
    public_ip_is_elastic: bool | None
    private_ip: str | None
    https_endpoint: str | None
    https_endpoint_reason: str | None
    ec2_checks: EC2ChecksView | None
    scheduled_events: tuple[ScheduledEventView, ...]
    certificate_shared_with: int
    detailed_monitoring: bool
    kvm_capable: bool | None
    role: str
    controller_id: str | None
    cost_per_hour_usd: float | None
    health: str
    health_reason: str | None
    health_reasons: tuple[HealthReasonView, ...]
    cpu_utilization: float | None
    memory_utilization: float | None
    cpu_source: str | None
    memory_source: str | None
    metrics_at: datetime | None
    cpu_metrics_at: datetime | None
    memory_metrics_at: datetime | None
    cml_version: str | None
    cml_ready: bool | None
    cml_uptime_seconds: int | None
    cml_system_info: dict[str, Any] | None
    labs_count: int | None
    labs_running: int | None
    labs_reason: str | None
    nodes_running: int | None
    orphans_running: int | None
    cml_license: LicenseView | None
    cml_health: dict[str, bool | None]
    compute_hosts: tuple[ComputeHostView, ...]
    maintenance_mode: bool | None
    maintenance_notice: str | None
    ready_since: datetime | None
    disk_utilization: float | None
    nodes_limit: int | None
    nodes_idle_since: datetime | None
    last_cml_api_sync_at: datetime | None
    last_cml_api_error: str | None
    sources: SourcesView
    monitoring: MonitoringView
    created_at: datetime
    last_refreshed_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """One domain event with who and what caused it; `worker_name` is null for a worker that was forgotten."""

    id: str
    type: str
    worker_id: str
    worker_name: str | None
    occurred_at: datetime
    actor: str
    cause: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadWorkerView:
    """A worker of which something is not known; `reason` says why."""

    worker_id: str
    worker_name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadLabsView:
    """Workers whose labs are not known, or not all of them (`not_admin`): how many, and the first of them by name."""

    total: int
    workers: tuple[UnreadWorkerView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabView:
    """One lab and the worker it is on; `read_at` is when its details were read."""

    id: str
    title: str
    owner: str | None
    state: str
    node_count: int
    nodes_running: int | None
    created_at: datetime | None
    modified_at: datetime | None
    worker_id: str
    worker_name: str
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerCountsView:
    """How many workers there are, by EC2 state and by health."""

    total: int
    by_status: dict[str, int]
    by_health: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabCountsView:
    """Labs over all workers whose labs are known."""

    total: int
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeCountView:
    """Workers and running cost of one region or one account; the cost is null until a price is known."""

    workers: int
    running: int
    cost_per_hour_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionView:
    """What EC2 answers for one account and region; one line, however many workers it holds."""

    account_id: str
    region: str
    outcome: str
    error_code: str | None
    operation: str | None
    detail: str | None
    since: datetime | None
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionView:
    """Something that needs a person; `query` selects the workers it is about in the list.

    `since` is when the first of them began to need somebody, `due_at` when the first of what is to come (a licence
    that expires, what AWS has scheduled) comes.
    """

    reason: str
    count: int
    query: str
    since: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetView:
    """The whole fleet in one object."""

    workers: WorkerCountsView
    labs: LabCountsView
    nodes_running: int
    cost_per_hour_usd: float | None
    idle_cost_per_hour_usd: float | None
    prices_as_of: str
    by_region: dict[str, ScopeCountView]
    by_account: dict[str, ScopeCountView]
    regions: tuple[RegionView, ...]
    attention: tuple[AttentionView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserView:
    """Somebody who signs in with a password of our own."""

    id: str
    name: str
    role: str
    limit: TeamLimit | None
    disabled: bool
    created_at: datetime
    last_signed_in_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeView:
    """Who is signed in, with what role, and what team limit: null for the whole fleet.

    `kind` tells a `user`, who has a password here, from who came by `openid`, by an API `token` or by the configured
    one (`bootstrap`).
    """

    name: str
    kind: str
    role: str
    limit: TeamLimit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateView:
    """SHA-256 fingerprints in lower-case hexadecimal; `changed` while the presented one is refused."""

    worker_id: str
    pinned: str | None
    pinned_at: datetime | None
    presented: str | None
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One thing that was looked at: `state` is `ok`, `warning` or `failed`, `fix` what to do."""

    check: str
    state: str
    text: str
    fix: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisView:
    """Why a worker does not answer; `summary` is the first finding that failed, else the first warning."""

    worker_id: str
    name: str
    summary: str
    findings: tuple[FindingView, ...]
    started_at: datetime
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What one source said in one refresh; milliseconds."""

    outcome: str
    reason: str | None
    error_code: str | None
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReports:
    """What each source said in one refresh."""

    ec2: SourceReport
    cloudwatch: SourceReport
    cml: SourceReport


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshReport:
    """The outcome of one `RefreshWorkerMetricsCommand`; `events` are the names of the domain events raised."""

    sources: SourceReports
    events: tuple[str, ...]
    started_at: datetime
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshResult(RefreshReport):
    """With the record as it is now, for whoever asked for the refresh; the schedule shows it to nobody."""

    worker: WorkerView


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What an import adopted, what it knew already, and what EC2 does not know.

    `operation_id` is the operation that reads the new ones for the first time, where there are any.
    """

    operation_id: str | None
    imported: tuple[WorkerView, ...]
    already_known: tuple[str, ...]
    not_found: tuple[str, ...]
