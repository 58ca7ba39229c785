"""From a stored record to what the interface shows of it; ages and staleness are those of the moment of reading."""

from datetime import datetime, timedelta

from cmlfleet.application.ports.reading import WorkerSummary
from cmlfleet.application.queries import views
from cmlfleet.domain.boot_budget import is_bare_metal
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, WorkerStatus
from cmlfleet.domain.facts import CMLLicense
from cmlfleet.domain.list_prices import cost_per_hour_usd
from cmlfleet.domain.source_tracking import is_stale
from cmlfleet.domain.sources import CMLPart, PartStatus, Source, SourceStatus

_BILLED = frozenset({WorkerStatus.PENDING, WorkerStatus.RUNNING})


def worker_view(state: CMLWorkerState, *, now: datetime, next_refresh_at: datetime | None = None) -> views.WorkerView:
    """The record as the API shows it. `next_refresh_at` is known to the process that schedules it alone."""
    checks = state.ec2_checks
    return views.WorkerView(
        id=state.id,
        name=state.name,
        account_id=state.account_id,
        region=state.region,
        instance_id=state.instance_id,
        instance_type=state.instance_type,
        ami_id=state.ami_id,
        availability_zone=state.availability_zone,
        labels=state.labels,
        note=state.note,
        tags=state.tags,
        discovery_tag_missing=state.discovery_tag_missing,
        status=state.status.value,
        status_reason=state.status_reason,
        launched_at=state.launched_at,
        public_ip=state.public_ip,
        public_ip_is_elastic=state.public_ip_is_elastic,
        private_ip=state.private_ip,
        https_endpoint=state.https_endpoint,
        https_endpoint_reason=state.endpoint_reason,
        ec2_checks=checks and views.EC2ChecksView(system=checks.system, instance=checks.instance, ebs=checks.ebs),
        scheduled_events=tuple(
            views.ScheduledEventView(
                code=event.code,
                description=event.description,
                not_before=event.not_before,
                not_after=event.not_after,
            )
            for event in state.scheduled_events
        ),
        certificate_shared_with=state.certificate_shared_with,
        detailed_monitoring=state.detailed_monitoring,
        kvm_capable=_kvm_capable(state),
        role=state.role.value,
        controller_id=state.controller_id,
        cost_per_hour_usd=current_cost_per_hour_usd(state),
        health=state.health.value,
        health_reason=state.health_reasons[0].text if state.health_reasons else None,
        health_reasons=tuple(
            views.HealthReasonView(code=reason.code, text=reason.text, since=reason.since)
            for reason in state.health_reasons
        ),
        cpu_utilization=state.cpu_utilization,
        memory_utilization=state.memory_utilization,
        cpu_source=state.cpu_source and state.cpu_source.value,
        memory_source=state.memory_source and state.memory_source.value,
        metrics_at=state.cpu_metrics_at or state.memory_metrics_at,
        cpu_metrics_at=state.cpu_metrics_at,
        memory_metrics_at=state.memory_metrics_at,
        cml_version=state.cml_version,
        cml_ready=state.cml_ready,
        cml_uptime_seconds=seconds_up(up_since(state), now=now),
        cml_system_info=state.cml_system_info,
        labs_count=state.labs_count,
        labs_running=state.labs_running,
        labs_reason=state.labs_reason,
        nodes_running=state.nodes_running,
        orphans_running=state.orphans_running,
        cml_license=license_view(state.cml_license),
        cml_health=state.cml_health,
        compute_hosts=tuple(
            views.ComputeHostView(
                id=host.compute_id,
                hostname=host.hostname,
                is_controller=host.is_controller,
                admission_state=host.admission_state,
                is_connected=host.is_connected,
                is_synced=host.is_synced,
            )
            for host in state.compute_hosts
        ),
        maintenance_mode=state.maintenance_mode,
        maintenance_notice=state.maintenance_notice,
        ready_since=state.ready_since,
        disk_utilization=state.disk_utilization,
        nodes_limit=state.nodes_limit,
        nodes_idle_since=state.nodes_idle_since,
        last_cml_api_sync_at=state.last_cml_api_sync_at,
        last_cml_api_error=state.last_cml_api_error,
        sources=_sources_view(state, now=now),
        monitoring=views.MonitoringView(active=state.monitoring_active, next_refresh_at=next_refresh_at),
        created_at=state.created_at,
        last_refreshed_at=state.last_refreshed_at,
        version=state.version,
    )


def current_cost_per_hour_usd(state: CMLWorkerState | WorkerSummary) -> float | None:
    """The list price while EC2 bills the instance; 0 once it does not; None for a type without a price."""
    price = cost_per_hour_usd(state.instance_type)
    return price if price is None or state.status in _BILLED else 0.0


def up_since(state: CMLWorkerState) -> datetime | None:
    """The later of EC2's LaunchTime and the first ready reading; CML's own figure wins."""
    if state.status is not WorkerStatus.RUNNING or not state.cml_ready or state.ready_since is None:
        return None
    if state.cml_reported_uptime_seconds is not None and state.cml_reported_uptime_at is not None:
        return state.cml_reported_uptime_at - timedelta(seconds=state.cml_reported_uptime_seconds)
    return max(state.ready_since, state.launched_at or state.ready_since)


def seconds_up(since: datetime | None, *, now: datetime) -> int | None:
    """Whole seconds; None for what is not up."""
    return None if since is None else max(0, int((now - since).total_seconds()))


def license_view(license_: CMLLicense | None) -> views.LicenseView | None:
    """The licence in short."""
    if license_ is None:
        return None
    return views.LicenseView(
        status=license_.registration_status,
        authorization=license_.authorization_status,
        product=license_.product,
        registration_expires_at=license_.registration_expires_at,
        authorization_expires_at=license_.authorization_expires_at,
        expires_at=license_.expires_at,
        renew_at=license_.renew_at,
        renew_failed=license_.renew_failed,
    )


def _kvm_capable(state: CMLWorkerState) -> bool | None:
    if state.instance_type is None:
        return None
    return is_bare_metal(state.instance_type) or state.nested_virtualization


def _sources_view(state: CMLWorkerState, *, now: datetime) -> views.SourcesView:
    cml = state.sources[Source.CML]
    plain = _source_view(state, cml, now=now)
    return views.SourcesView(
        ec2=_source_view(state, state.sources[Source.EC2], now=now),
        cloudwatch=_source_view(state, state.sources[Source.CLOUDWATCH], now=now),
        cml=views.CMLSourceView(
            outcome=plain.outcome,
            reason=plain.reason,
            error_code=plain.error_code,
            read_at=plain.read_at,
            failing_since=plain.failing_since,
            next_due_at=plain.next_due_at,
            stale=plain.stale,
            parts={part.value: _part_view(cml.parts[part]) for part in CMLPart if part in cml.parts},
        ),
    )


def _source_view(state: CMLWorkerState, status: SourceStatus, *, now: datetime) -> views.SourceView:
    due_at = status.next_due_at if state.monitoring_active else None
    return views.SourceView(
        outcome=status.outcome and status.outcome.value,
        reason=status.reason,
        error_code=status.error_code and status.error_code.value,
        read_at=status.read_at,
        failing_since=status.failing_since,
        next_due_at=due_at and max(due_at, now),
        stale=is_stale(status, now=now),
    )


def _part_view(status: PartStatus) -> views.PartView:
    return views.PartView(
        outcome=status.outcome.value,
        error_code=status.error_code and status.error_code.value,
        detail=status.detail,
        read_at=status.read_at,
    )
