"""What one reading of the CML API means for the worker's state."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, WorkerRole
from cmlfleet.domain.events import cml_worker as events
from cmlfleet.domain.facts import (
    CMLFact,
    CMLHealth,
    CMLLab,
    CMLLicense,
    CMLStatistics,
    CMLSystemInformation,
    Datapoint,
)
from cmlfleet.domain.health import FAILED_READINGS, is_within_boot_budget
from cmlfleet.domain.sample import Sample
from cmlfleet.domain.sources import BOOT_PHASE_CODES, CMLPart, ErrorCode, Outcome, PartStatus, Source
from cmlfleet.domain.worker_policy import WorkerPolicy

NOT_ADMIN = "not_admin"
STARTED = "STARTED"  # CML's word for a lab that runs
_VOLATILE_KEYS = frozenset({"ready", "uptime"})  # readiness has its own event, and an uptime changes by itself


class RecordEvent(Protocol):
    """Raises a domain event on the worker."""

    def __call__(self, kind: Callable[..., Any], occurred_at: datetime, **data: Any) -> None: ...


class ControllerFacts:
    """The part of the aggregate that knows what a controller's answers mean."""

    def __init__(
        self,
        state: CMLWorkerState,
        *,
        policy: WorkerPolicy,
        record: RecordEvent,
        add_sample: Callable[[Sample], None],
    ) -> None:
        self._state = state
        self._policy = policy
        self._record = record
        self._add_sample = add_sample

    def take(self, fact: CMLFact) -> None:
        """Take in all parts that were read; a part that failed leaves its last good figures in place."""
        self._take_parts(fact)
        self._take_certificate(fact)
        self._take_readiness(fact)
        if fact.system_information is not None:
            self._take_system_information(fact.system_information, fact.read_at)
        if fact.maintenance_mode is not None:
            self._take_maintenance(fact.maintenance_mode, fact.maintenance_notice, fact.read_at)
        if fact.is_admin is not None:
            self._state.cml_is_admin = fact.is_admin
        if fact.statistics is not None:
            self._take_statistics(fact.statistics, fact.read_at)
        if fact.labs is not None:
            self._take_labs(fact.labs, fact.read_at)
        self._count_labs(fact)
        if fact.health is not None:
            self._take_health(fact.health, fact.read_at)
        if fact.license is not None:
            self._take_license(fact.license, fact.read_at)
        elif fact.license_reason is not None:  # the account may not see it any more: what was read before is no news
            self._take_license(None, fact.read_at)
        if CMLPart.LICENCE in fact.parts:
            self._state.cml_license_reason = fact.license_reason
        if fact.statistics is not None:
            self._sample(fact.read_at)

    def restarted(self) -> None:
        """EC2 launched the instance anew: whatever was ready before has to come up again."""
        self._state.ready_since = None
        self._state.cml_ready = None
        self._state.unready_readings = 0
        self._state.stopped_answering_at = None
        self._state.sources[Source.CML].next_due_at = None

    def is_booting(self, code: ErrorCode, *, now: datetime) -> bool:
        """Whether this failure is what a controller that comes up looks like, within its budget."""
        return code in BOOT_PHASE_CODES and is_within_boot_budget(self._state, policy=self._policy, now=now)

    def _take_parts(self, fact: CMLFact) -> None:
        parts = self._state.sources[Source.CML].parts
        for part, status in fact.parts.items():
            known = parts.get(part)
            read_at = status.read_at or (known.read_at if known is not None else None)
            parts[part] = PartStatus(
                outcome=status.outcome, error_code=status.error_code, detail=status.detail, read_at=read_at
            )
            if part is not CMLPart.LABS or fact.labs is not None or status.outcome is Outcome.ERROR:
                self._state.parts_asked_at[part] = fact.read_at

    def _take_certificate(self, fact: CMLFact) -> None:
        state, presented = self._state, fact.certificate
        if presented is None:
            return
        before, state.certificate_presented = state.certificate_presented, presented
        if fact.error_code is ErrorCode.CERTIFICATE_CHANGED:
            if before != presented and state.certificate_pinned is not None:
                self._record(
                    events.CMLCertificateChangedDomainEvent,
                    fact.read_at,
                    before=state.certificate_pinned,
                    after=presented,
                )
        elif state.certificate_pinned != presented:
            # First use, or the renewal of a chain that verifies for the endpoint's name.
            self._record(
                events.CMLCertificatePinnedDomainEvent,
                fact.read_at,
                before=state.certificate_pinned,
                after=presented,
            )
            state.certificate_pinned, state.certificate_pinned_at = presented, fact.read_at

    def _take_readiness(self, fact: CMLFact) -> None:
        state, information = self._state, fact.system_information
        before = state.cml_ready
        if information is not None and information.ready:
            state.unready_readings = 0
            state.stopped_answering_at = None
            state.cml_ready, state.ever_ready = True, True
            state.ready_since = state.ready_since or fact.read_at
        else:
            state.unready_readings += 1
            if before is True and state.unready_readings == 1:
                state.stopped_answering_at = fact.read_at
            if before is not True or state.unready_readings >= FAILED_READINGS:
                answered = information is not None or fact.error_code is ErrorCode.NOT_READY
                state.cml_ready = False if answered else None
                state.ready_since = None
        if state.cml_ready is not before:
            self._record(events.CMLReadinessChangedDomainEvent, fact.read_at, before=before, after=state.cml_ready)

    def _take_system_information(self, information: CMLSystemInformation, at: datetime) -> None:
        state, raw = self._state, dict(information.raw)
        before = state.cml_system_info
        state.cml_system_info, state.cml_version = raw, information.version
        state.cml_reported_uptime_seconds = information.uptime_seconds
        state.cml_reported_uptime_at = None if information.uptime_seconds is None else at
        if before is None or _lasting(before) != _lasting(raw):
            self._record(events.CMLSystemInfoUpdatedDomainEvent, at, before=before, after=raw)

    def _take_maintenance(self, mode: bool, notice: str | None, at: datetime) -> None:
        state = self._state
        before, state.maintenance_mode, state.maintenance_notice = state.maintenance_mode, mode, notice
        if before is not mode and (before is not None or mode):
            self._record(events.CMLMaintenanceModeChangedDomainEvent, at, before=before, after=mode, notice=notice)

    def _take_statistics(self, statistics: CMLStatistics, at: datetime) -> None:
        state = self._state
        state.cml_cpu = None if statistics.cpu_percent is None else Datapoint(percent=statistics.cpu_percent, at=at)
        memory = statistics.memory_percent
        state.cml_memory = None if memory is None else Datapoint(percent=memory, at=at)
        state.disk_utilization = statistics.disk_percent
        state.nodes_running, state.nodes_total = statistics.running_nodes, statistics.total_nodes
        orphans = [host.running_orphans for host in statistics.computes if host.running_orphans is not None]
        state.orphans_running = sum(orphans) if orphans else None
        cpus = [host.cpu_count for host in statistics.computes if host.cpu_count is not None]
        memories = [host.memory_total_bytes for host in statistics.computes if host.memory_total_bytes is not None]
        disks = [host.disk_total_bytes for host in statistics.computes if host.disk_total_bytes is not None]
        state.host_cpu_count = sum(cpus) if cpus else None
        state.host_memory_bytes = sum(memories) if memories else None
        state.host_disk_bytes = sum(disks) if disks else None
        if statistics.running_nodes == 0:
            state.nodes_idle_since = state.nodes_idle_since or at
        elif statistics.running_nodes is not None:
            state.nodes_idle_since = None
        if state.role in (WorkerRole.UNKNOWN, WorkerRole.STANDALONE, WorkerRole.CONTROLLER):
            state.role = WorkerRole.CONTROLLER if len(statistics.computes) > 1 else state.role
            if state.role is WorkerRole.UNKNOWN and statistics.computes:
                state.role = WorkerRole.STANDALONE

    def _take_labs(self, labs: tuple[CMLLab, ...], at: datetime) -> None:
        state = self._state
        known = {lab.lab_id: lab for lab in state.labs or ()}
        present = {lab.lab_id: lab for lab in labs}
        for lab_id, lab in present.items():
            before = known.get(lab_id)
            if before is None:
                self._record(
                    events.CMLLabAppearedDomainEvent,
                    at,
                    lab_id=lab_id,
                    title=lab.title,
                    owner=lab.owner,
                    state=lab.state,
                )
            elif before.state != lab.state:
                self._record(
                    events.CMLLabStateChangedDomainEvent,
                    at,
                    lab_id=lab_id,
                    title=lab.title,
                    before=before.state,
                    after=lab.state,
                )
        for lab_id, lab in known.items():
            if lab_id not in present:
                self._record(events.CMLLabRemovedDomainEvent, at, lab_id=lab_id, title=lab.title, owner=lab.owner)
        state.labs = labs

    def _count_labs(self, fact: CMLFact) -> None:
        """Only an administrator sees all labs; what others see must not pass for the whole."""
        state = self._state
        if fact.lab_ids is None and fact.labs is None and fact.is_admin is None:
            return
        if state.cml_is_admin is not True:
            state.labs_count = state.labs_running = None
            state.labs_reason = NOT_ADMIN
            return
        state.labs_reason = None
        if fact.lab_ids is not None:
            state.labs_count = len(fact.lab_ids)
        if state.labs is not None:
            state.labs_running = sum(lab.state == STARTED for lab in state.labs)

    def _take_health(self, health: CMLHealth, at: datetime) -> None:
        state = self._state
        state.cml_health_valid, state.cml_health = health.valid, dict(health.checks)
        if health.is_licensed is not None:
            state.cml_is_licensed = health.is_licensed
        before = {host.hostname: host.is_connected for host in state.compute_hosts}
        after = {host.hostname: host.is_connected for host in health.compute_hosts}
        state.compute_hosts = health.compute_hosts
        if len(after) > 1:
            state.role = WorkerRole.CONTROLLER
        if before != after and (len(before) > 1 or len(after) > 1):
            self._record(events.CMLComputeHostsChangedDomainEvent, at, before=before, after=after)

    def _take_license(self, license_: CMLLicense | None, at: datetime) -> None:
        state = self._state
        before, after = _license_facts(state.cml_license), _license_facts(license_)
        state.cml_license, state.nodes_limit = license_, None if license_ is None else license_.nodes_limit
        if before != after:
            self._record(events.CMLLicenseChangedDomainEvent, at, before=before, after=after)

    def _sample(self, at: datetime) -> None:
        state = self._state
        self._add_sample(
            Sample(
                at=at,
                cpu_utilization=state.cml_cpu.percent if state.cml_cpu and state.cloudwatch_cpu is None else None,
                memory_utilization=(
                    state.cml_memory.percent if state.cml_memory and state.cloudwatch_memory is None else None
                ),
                disk_utilization=state.disk_utilization,
                labs_count=state.labs_count,
                labs_running=state.labs_running,
                nodes_running=state.nodes_running,
            )
        )


def _lasting(information: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in information.items() if key not in _VOLATILE_KEYS}


def _license_facts(license_: CMLLicense | None) -> dict[str, Any] | None:
    if license_ is None:
        return None
    return {
        "registration": license_.registration_status,
        "authorization": license_.authorization_status,
        "product": license_.product,
        "nodes_limit": license_.nodes_limit,
        "registration_expires_at": license_.registration_expires_at,
        "authorization_expires_at": license_.authorization_expires_at,
        "renew_failed": license_.renew_failed,
    }
