"""The verdict on a worker: one word, and every reason that holds."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cmlfleet.domain.boot_budget import boot_budget_seconds
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, Health, HealthReason, WorkerRole, WorkerStatus
from cmlfleet.domain.sources import ErrorCode, Outcome, SkipReason, Source
from cmlfleet.domain.worker_policy import WorkerPolicy

DISK_FULL_PERCENT = 95.0
IMPAIRED_READINGS = 2  # EC2's checks are red for a moment whenever the operating system of bare metal restarts
FAILED_READINGS = 2  # one failed reading of a ready controller proves nothing

_OFF = frozenset(
    {
        WorkerStatus.STOPPING,
        WorkerStatus.STOPPED,
        WorkerStatus.SHUTTING_DOWN,
        WorkerStatus.TERMINATED,
        WorkerStatus.MISSING,
    }
)
_NO_ANSWER = frozenset({ErrorCode.UNREACHABLE, ErrorCode.TIMEOUT})
_BAD_ANSWER = {
    ErrorCode.NOT_READY: "CML's web server is up but its API is not (502)",
    ErrorCode.UNAUTHORIZED: "CML refuses the sign-in: set the right credentials",
    ErrorCode.CERTIFICATE_CHANGED: "the certificate changed: compare and accept it",
    ErrorCode.TLS: "the TLS connection fails",
    ErrorCode.BAD_RESPONSE: "the answer is not that of a CML API",
    ErrorCode.THROTTLED: "CML limits sign-ins",
    ErrorCode.MAINTENANCE: "CML is in maintenance mode and refuses the sign-in",
}

Finding = tuple[Health, str, str]


def assess(state: CMLWorkerState, *, policy: WorkerPolicy, now: datetime) -> tuple[Health, tuple[HealthReason, ...]]:
    """The first health that holds, and all reasons; a reason keeps its `since` while it lasts."""
    findings = list(_findings(state, policy=policy, now=now))
    if not findings:
        return Health.READY, ()
    order = list(Health)
    verdict = min((finding[0] for finding in findings), key=order.index)
    known_since = {reason.code: reason.since for reason in state.health_reasons}
    reasons = tuple(
        HealthReason(code=code, text=text, since=known_since.get(code, _since(state, code, now)))
        for _, code, text in sorted(findings, key=lambda finding: order.index(finding[0]))
    )
    if _is_first_slip(state, verdict):
        return Health.READY, tuple(reason for reason in reasons if reason.code not in _SLIP_CODES)
    return verdict, reasons


_SLIP_CODES = frozenset({code.value for code in ErrorCode} | {"booting"})


def _is_first_slip(state: CMLWorkerState, verdict: Health) -> bool:
    """Whether this is only the first failed reading in a row of a controller that was ready.

    A new launch voids `ready_since`: what answered before the restart says nothing of what boots now.
    """
    failures = state.sources[Source.CML].failures
    return (
        state.health is Health.READY
        and state.ready_since is not None
        and state.status is WorkerStatus.RUNNING
        and verdict in (Health.BOOTING, Health.UNREACHABLE, Health.DEGRADED, Health.UNKNOWN)
        and 0 < max(failures, state.unready_readings) < FAILED_READINGS
    )


def _since(state: CMLWorkerState, code: str, now: datetime) -> datetime:
    status = state.sources[Source.CML]
    if code == status.error_code and status.failing_since is not None:
        return status.failing_since
    return now


def boot_started_at(state: CMLWorkerState) -> datetime | None:
    """The latest of EC2's LaunchTime and the moment a ready controller stopped answering."""
    moments = [moment for moment in (state.launched_at, state.stopped_answering_at) if moment is not None]
    return max(moments, default=None)


def is_within_boot_budget(state: CMLWorkerState, *, policy: WorkerPolicy, now: datetime) -> bool:
    """Whether a controller that is not ready may still be expected to come up."""
    started_at = boot_started_at(state)
    if started_at is None:
        return False
    budget = boot_budget_seconds(
        instance_type=state.instance_type,
        tags=state.tags,
        first_boot=not state.ever_ready,
        configured_seconds=policy.boot_budget_seconds,
    )
    return now - started_at < timedelta(seconds=budget)


def _findings(state: CMLWorkerState, *, policy: WorkerPolicy, now: datetime) -> Iterator[Finding]:
    if state.status in _OFF:
        yield Health.OFF, state.status.value, state.status_reason or f"EC2 says {state.status.value}"
        return
    if state.status is WorkerStatus.PENDING:
        yield Health.BOOTING, "pending", "EC2 is starting the instance"
        return
    if state.status is WorkerStatus.UNKNOWN:
        yield Health.UNKNOWN, "never_read", "EC2 was not read yet"
        return
    yield from _host_findings(state)
    if state.role is WorkerRole.COMPUTE:
        yield from _compute_findings(state)
        return
    yield from _controller_findings(state, booting=is_within_boot_budget(state, policy=policy, now=now))


def _host_findings(state: CMLWorkerState) -> Iterator[Finding]:
    if state.ec2_impaired_readings >= IMPAIRED_READINGS:
        yield Health.DEGRADED, "ec2_check_impaired", "an EC2 status check is impaired"
    if state.disk_utilization is not None and state.disk_utilization >= DISK_FULL_PERCENT:
        yield Health.DEGRADED, "disk_full", f"the disk is {state.disk_utilization:.0f} % full"


def _compute_findings(state: CMLWorkerState) -> Iterator[Finding]:
    if state.compute_connected is False:
        yield Health.DEGRADED, "compute_lost", "its controller has lost the connection to this compute"
    elif state.compute_connected is None:
        yield Health.UNKNOWN, "controller_unknown", "what its controller says of this compute is not known"


def _controller_findings(state: CMLWorkerState, *, booting: bool) -> Iterator[Finding]:
    status = state.sources[Source.CML]
    code = status.error_code if status.outcome is Outcome.ERROR else None
    if code in _NO_ANSWER or code is ErrorCode.NOT_READY or (state.cml_ready is False and code is None):
        if booting:
            yield Health.BOOTING, "booting", "CML is not ready yet"
        elif code in _NO_ANSWER:
            yield Health.UNREACHABLE, str(code), "CML does not answer: " + (status.reason or str(code))
        elif code is None:
            yield Health.DEGRADED, "not_ready", "CML answers but is not ready"
    if code is not None and code in _BAD_ANSWER and not (booting and code is ErrorCode.NOT_READY):
        yield Health.DEGRADED, str(code), _BAD_ANSWER[code]
    if code in (ErrorCode.INTERNAL, ErrorCode.ACCESS_DENIED, ErrorCode.NOT_FOUND):
        yield Health.DEGRADED, str(code), status.reason or str(code)
    if code is ErrorCode.BLOCKED_ADDRESS:
        yield Health.UNKNOWN, str(code), status.reason or "the endpoint's address is not allowed"
    if status.outcome is not Outcome.ERROR:
        yield from _unread_findings(state)
    yield from _product_findings(state)


def _unread_findings(state: CMLWorkerState) -> Iterator[Finding]:
    status = state.sources[Source.CML]
    if status.outcome is None:
        yield Health.UNKNOWN, "never_read", "CML was not read yet"
    elif status.reason == SkipReason.NO_CREDENTIALS:
        yield Health.UNKNOWN, SkipReason.NO_CREDENTIALS.value, "no CML credentials are set for this worker"
    elif status.reason == SkipReason.NO_HTTPS_ENDPOINT:
        yield Health.UNKNOWN, SkipReason.NO_HTTPS_ENDPOINT.value, state.endpoint_reason or "no endpoint"


def _product_findings(state: CMLWorkerState) -> Iterator[Finding]:
    """What CML itself says is wrong with it."""
    if False in state.cml_health.values():
        for check, passed in sorted(state.cml_health.items()):
            if passed is False:
                yield Health.DEGRADED, f"health:{check}", f"CML's health check {check} fails"
    for host in state.compute_hosts:
        if host.is_connected is False:
            yield Health.DEGRADED, "compute_lost", f"the controller has lost its compute {host.hostname}"
    if state.cml_is_licensed is False:
        yield Health.UNLICENSED, "unlicensed", "CML says that it is not licensed"
