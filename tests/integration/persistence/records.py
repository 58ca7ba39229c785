"""Records and events to store."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.support.workers import CAUSE, NOW, new_state

from cmlfleet.domain.entities.cml_worker_state import (
    CMLWorkerState,
    FigureSource,
    Health,
    HealthReason,
    WorkerRole,
    WorkerStatus,
)
from cmlfleet.domain.events.cml_worker import CMLWorkerForgottenDomainEvent, CMLWorkerStatusChangedDomainEvent
from cmlfleet.domain.facts import (
    CMLComputeHost,
    CMLLab,
    CMLLicense,
    CMLLicenseFeature,
    Datapoint,
    EC2Checks,
    EC2ScheduledEvent,
)
from cmlfleet.domain.identifiers import LabId, WorkerId
from cmlfleet.domain.sources import CMLPart, ErrorCode, Outcome, PartStatus, Source, SourceStatus
from cmlfleet.persistence.storage import Storage

SECRET_KEY = "a secret key for tests, long enough to be one"


def numbered(number: int, **changes: Any) -> CMLWorkerState:
    """One of many workers: `w-007` with the name `worker-007`."""
    state = new_state(f"w-{number:03}", f"i-{number:017x}")
    return replace(state, **({"name": f"worker-{number:03}"} | changes))


def status_changed(worker_id: str, after: str = "running", **changes: Any) -> CMLWorkerStatusChangedDomainEvent:
    """An event of the worker; `after` may be any word."""
    event = CMLWorkerStatusChangedDomainEvent(
        worker_id=WorkerId(worker_id), occurred_at=NOW, cause=CAUSE, before="stopped", after=after, reason=None
    )
    return replace(event, **changes)


def forgotten(state: CMLWorkerState) -> CMLWorkerForgottenDomainEvent:
    """The event that goes with removing the record."""
    return CMLWorkerForgottenDomainEvent(
        worker_id=state.id, occurred_at=NOW, cause=CAUSE, instance=state.instance, name=state.name
    )


async def add_all(storage: Storage, *states: CMLWorkerState) -> list[CMLWorkerState]:
    """Add them without events."""
    return [await storage.workers.add(state, events=()) for state in states]


def full_state() -> CMLWorkerState:
    """A record in which no field has its default, with text that a database could stumble over."""
    moment = _Moments()
    return CMLWorkerState(
        **_identity(moment),
        **_ec2(moment),
        **_figures(moment),
        **_cml(moment),
        health=Health.DEGRADED,
        health_reasons=(HealthReason(code="disk_full", text="the disk is at 96 %", since=moment()),),
        sources={
            Source.EC2: SourceStatus(
                outcome=Outcome.OK, read_at=moment(), attempted_at=moment(), next_due_at=moment(), period_seconds=300
            ),
            Source.CLOUDWATCH: SourceStatus(
                outcome=Outcome.SKIPPED, reason="not_running", failing_since=moment(), announced=True
            ),
            Source.CML: SourceStatus(
                outcome=Outcome.ERROR,
                error_code=ErrorCode.NOT_READY,
                failures=3,
                parts={
                    CMLPart.LABS: PartStatus(
                        outcome=Outcome.ERROR, error_code=ErrorCode.TIMEOUT, detail="5 s passed", read_at=moment()
                    ),
                    CMLPart.HEALTH: PartStatus(outcome=Outcome.OK),
                },
            ),
        },
        monitoring_active=False,
        last_refreshed_at=moment(),
        version=1,
    )


class _Moments:
    """A different moment at each call, to the microsecond: no two fields can be mistaken for each other."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self) -> datetime:
        self._count += 1
        return NOW - timedelta(days=self._count, microseconds=self._count)


def _identity(moment: _Moments) -> dict[str, Any]:
    bare = new_state("w-full", "i-0fedcba9876543210")
    return {
        "id": bare.id,
        "account_id": bare.account_id,
        "region": bare.region,
        "instance_id": bare.instance_id,
        "name": "Kurs Ä / 100 % \"Ende\" 'x' \\ 网络 🚦",
        "created_at": moment(),
        "labels": {"team": "réseau", "room%": "a_b", "empty": ""},
        "note": "two\nlines; DROP TABLE workers; --",
    }


def _ec2(moment: _Moments) -> dict[str, Any]:
    return {
        "status": WorkerStatus.SHUTTING_DOWN,
        "status_reason": "Client.UserInitiatedShutdown",
        "instance_type": "c5.metal",
        "ami_id": "ami-0123",
        "availability_zone": "us-east-1b",
        "launched_at": moment(),
        "public_ip": "198.51.100.7",
        "public_ip_is_elastic": False,
        "private_ip": "10.0.0.7",
        "addresses": ("198.51.100.7", "10.0.0.7"),
        "tags": {"Name": "Kurs", "": ""},
        "tags_seen_empty": True,
        "discovery_tag_missing": True,
        "certificate_shared_with": 3,
        "detailed_monitoring": True,
        "nested_virtualization": True,
        "ec2_checks": EC2Checks(system="ok", instance="impaired", ebs="initializing"),
        "ec2_impaired_readings": 2,
        "scheduled_events": (
            EC2ScheduledEvent(
                code="instance-retirement", description="the host", not_before=moment(), not_after=moment()
            ),
        ),
        "first_absent_at": moment(),
        "gone_at": moment(),
        "https_endpoint": "https://198.51.100.7",
        "endpoint_reason": "by tag",
        "role": WorkerRole.CONTROLLER,
        "controller_id": WorkerId("w-other"),
        "compute_connected": False,
    }


def _figures(moment: _Moments) -> dict[str, Any]:
    return {
        "cloudwatch_cpu": Datapoint(percent=0.1, at=moment()),
        "cloudwatch_memory": Datapoint(percent=1 / 3, at=moment()),
        "cml_cpu": Datapoint(percent=100.0, at=moment()),
        "cml_memory": Datapoint(percent=0.0, at=moment()),
        "cpu_utilization": 12.5,
        "cpu_source": FigureSource.CLOUDWATCH,
        "cpu_metrics_at": moment(),
        "memory_utilization": 77.7,
        "memory_source": FigureSource.CML,
        "memory_metrics_at": moment(),
        "disk_utilization": 94.2,
        "high_figures": ("disk",),
    }


def _cml(moment: _Moments) -> dict[str, Any]:
    return {
        "cml_version": "2.9.1+build.4",
        "cml_ready": False,
        "ready_since": moment(),
        "ever_ready": True,
        "unready_readings": 1,
        "stopped_answering_at": moment(),
        "cml_system_info": {"version": "2.9.1", "nested": {"list": [1, 2.5, None, True], "ünï": "çode"}},
        "cml_reported_uptime_seconds": 2**40,
        "cml_reported_uptime_at": moment(),
        "cml_is_admin": False,
        "parts_asked_at": {CMLPart.STATISTICS: moment(), CMLPart.LICENCE: moment()},
        "labs": (
            CMLLab(
                lab_id=LabId("2f0a"),
                title="OSPF <b>",
                owner=None,
                state="STARTED",
                node_count=4,
                nodes_running=3,
                created_at=moment(),
                modified_at=None,
            ),
        ),
        "labs_count": 1,
        "labs_running": 0,
        "labs_reason": "not_admin",
        "nodes_running": 20,
        "nodes_total": 21,
        "orphans_running": 2,
        "nodes_limit": 22,
        "nodes_idle_since": moment(),
        "host_cpu_count": 96,
        "host_memory_bytes": 2**38,
        "host_disk_bytes": 2**42,
        "cml_license": CMLLicense(
            registration_status="COMPLETED",
            authorization_status="OUT_OF_COMPLIANCE",
            product="CML_Enterprise",
            is_enterprise=True,
            smart_account="school",
            virtual_account=None,
            registration_expires_at=moment(),
            authorization_expires_at=moment(),
            renew_at=None,
            renew_failed=False,
            features=(
                CMLLicenseFeature(
                    feature_id="f", name="nodes", status="IN_COMPLIANCE", in_use=1, minimum=0, maximum=None
                ),
            ),
            nodes_limit=300,
        ),
        "cml_license_reason": "not_admin",
        "cml_is_licensed": False,
        "cml_health_valid": True,
        "cml_health": {"controller.core_connected": True, "computes.a.kvm": None, "computes.a.lld": False},
        "compute_hosts": (
            CMLComputeHost(
                compute_id="c1",
                hostname="compute-1",
                is_controller=False,
                admission_state="READY",
                is_connected=True,
                is_synced=None,
                server_address="fd00::1",
            ),
        ),
        "maintenance_mode": False,
        "maintenance_notice": "back at noon",
        "last_cml_api_sync_at": moment(),
        "last_cml_api_error": "HTTP 502",
        "certificate_pinned": "aa" * 32,
        "certificate_pinned_at": moment(),
        "certificate_presented": "bb" * 32,
        "has_own_credentials": True,
    }
