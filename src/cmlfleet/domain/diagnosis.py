"""Why a worker does not answer: its instance as EC2 sees it, then the way to its controller, then CML itself."""

from collections.abc import Iterator

from cmlfleet.domain.boot_budget import is_bare_metal
from cmlfleet.domain.controller_diagnosis import KVM_CHECK, diagnose_cml, diagnose_way
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, WorkerRole, WorkerStatus
from cmlfleet.domain.finding import Finding, failed, ok, warning
from cmlfleet.domain.health import DISK_FULL_PERCENT
from cmlfleet.domain.probe_facts import ControllerProbeFact
from cmlfleet.domain.sources import ErrorCode, Outcome, Source

IMPAIRED = "impaired"  # EC2's word
PASSED = "ok"  # likewise


def diagnose(state: CMLWorkerState, probe: ControllerProbeFact | None, *, is_booting: bool) -> tuple[Finding, ...]:
    """A finding for each thing that was looked at. `probe` is None when there was nobody to ask; `is_booting` says
    that a controller which is not up yet may still be expected to come up."""
    return tuple(_findings(state, probe, is_booting=is_booting))


def _findings(state: CMLWorkerState, probe: ControllerProbeFact | None, *, is_booting: bool) -> Iterator[Finding]:
    yield from _ec2_answer(state)
    yield _instance_state(state)
    if state.status is not WorkerStatus.RUNNING:
        return
    yield from _ec2_checks(state)
    yield from _scheduled_events(state)
    if state.role is WorkerRole.COMPUTE:
        yield _compute(state)
    elif probe is None:
        yield failed(
            "endpoint", "there is no address to ask CML at", fix=state.endpoint_reason or "set cmlfleet:endpoint"
        )
    else:
        yield from diagnose_way(state, probe, is_booting=is_booting)
        yield from diagnose_cml(state, probe, is_booting=is_booting)
    yield from _disk(state)
    yield _kvm(state, probe)


def _ec2_answer(state: CMLWorkerState) -> Iterator[Finding]:
    status = state.sources[Source.EC2]
    if status.outcome is not Outcome.ERROR:
        return
    if status.error_code is ErrorCode.NOT_FOUND:
        yield failed(
            "ec2",
            status.reason or "EC2 does not know the instance",
            fix=f"terminated, or in another account or region; cmlfleet workers forget {state.name} drops the record",
        )
    else:
        yield warning(
            "ec2",
            f"EC2 could not be asked ({status.reason or status.error_code}); what follows goes by its last answer",
            fix="cmlfleet doctor checks the account's identity and each permission",
        )


def _instance_state(state: CMLWorkerState) -> Finding:
    said = f"EC2 says {state.status.value}" + (f" ({state.status_reason})" if state.status_reason else "")
    match state.status:
        case WorkerStatus.RUNNING:
            since = f" since {state.launched_at:%Y-%m-%d %H:%M} UTC" if state.launched_at else ""
            return ok("ec2_state", f"running{since}, {state.instance_type}")
        case WorkerStatus.PENDING:
            return warning("ec2_state", said, fix="wait: EC2 is starting the instance")
        case WorkerStatus.STOPPED:
            command = f"aws ec2 start-instances --region {state.region} --instance-ids {state.instance_id}"
            return failed("ec2_state", said, fix=f"start it: {command}")
        case WorkerStatus.STOPPING:
            return failed("ec2_state", said, fix="wait until it is stopped, then start it")
        case WorkerStatus.UNKNOWN:
            return failed("ec2_state", "EC2 was never read", fix="mend what EC2 answers, above")
        case WorkerStatus.SHUTTING_DOWN | WorkerStatus.TERMINATED | WorkerStatus.MISSING:
            return failed(
                "ec2_state",
                said,
                fix=f"nothing brings it back; cmlfleet workers forget {state.name} drops the record",
            )


def _ec2_checks(state: CMLWorkerState) -> Iterator[Finding]:
    checks = state.ec2_checks
    if checks is None:
        return
    where = f"--region {state.region} --instance-ids {state.instance_id}"
    if IMPAIRED in (checks.system, checks.ebs):
        yield failed(
            "ec2_checks",
            "EC2's system or volume check is impaired: the host under the instance is at fault",
            fix=f"stop and start it, which moves it to another host: aws ec2 stop-instances {where}",
        )
    if checks.instance == IMPAIRED:
        console = f"aws ec2 get-console-output --latest --region {state.region} --instance-id {state.instance_id}"
        yield failed(
            "ec2_checks",
            "EC2's instance check is impaired: its operating system does not answer",
            fix=f"read its console ({console}), then reboot it: aws ec2 reboot-instances {where}",
        )
    said = {checks.system, checks.instance, checks.ebs or PASSED}
    if IMPAIRED in said:
        return
    if said == {PASSED}:
        yield ok("ec2_checks", "EC2's status checks pass")
    else:
        yield warning(
            "ec2_checks",
            f"EC2's status checks: system {checks.system}, instance {checks.instance}",
            fix="wait: they take some minutes after a start, on bare metal up to twenty",
        )


def _scheduled_events(state: CMLWorkerState) -> Iterator[Finding]:
    for event in state.scheduled_events:
        day = "a day unknown" if event.not_before is None else f"{event.not_before:%Y-%m-%d}"
        yield warning(
            "scheduled_event",
            f"AWS has scheduled {event.code} for {day}: {event.description}",
            fix="stop and start the instance before then, at an hour that suits its users",
        )


def _compute(state: CMLWorkerState) -> Finding:
    if state.compute_connected:
        return ok("compute", "a cluster's compute has no API of its own; its controller is connected to it")
    if state.compute_connected is None:
        return warning(
            "compute",
            "a cluster's compute has no API of its own, and its controller does not speak of it",
            fix="diagnose its controller; the tags cmlfleet:controller and cmlfleet:hostname say whose it is",
        )
    return failed(
        "compute",
        "its controller has lost the connection to this compute",
        fix="look whether the compute is up and reaches its controller over the cluster's network",
    )


def _disk(state: CMLWorkerState) -> Iterator[Finding]:
    percent = state.disk_utilization
    if percent is not None and percent >= DISK_FULL_PERCENT:
        yield warning(
            "disk",
            f"the disk was {percent:.0f} % full when it was last read",
            fix="wipe labs that are stopped, remove images, or enlarge the volume",
        )


def _kvm(state: CMLWorkerState, probe: ControllerProbeFact | None) -> Finding:
    fix = "use a .metal type, or one with nested virtualization switched on (CpuOptions; m8i, c8i, r8i)"
    said = _kvm_flags(probe)
    if False in said:
        text = f"CML finds no KVM on this {state.instance_type}: nodes that need it cannot start"
        return failed("kvm", text, fix=fix)
    if True in said:
        return ok("kvm", "CML finds KVM")
    if is_bare_metal(state.instance_type):
        return ok("kvm", f"{state.instance_type} is bare metal, which has KVM")
    if state.nested_virtualization:
        return ok("kvm", "nested virtualization is on, which brings KVM")
    return warning("kvm", f"{state.instance_type} brings no KVM: without it CML never gets ready", fix=fix)


def _kvm_flags(probe: ControllerProbeFact | None) -> set[bool | None]:
    if probe is None or probe.health is None:
        return set()
    return {flag for check, flag in probe.health.checks.items() if check.endswith(f".{KVM_CHECK}")}
