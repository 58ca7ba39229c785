"""What a probe of a controller means: where the way to it ends, and what CML itself says is wrong."""

from collections.abc import Iterator
from ipaddress import ip_address

from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.finding import Finding, failed, ok, warning
from cmlfleet.domain.probe_facts import ControllerProbeFact, ProbeStep, StepFailure
from cmlfleet.domain.sources import ErrorCode

KVM_CHECK = "kvm_vmx_enabled"  # CML's name; the diagnosis of the instance judges it
HOST_SSH_PORT = 1122  # 22 is CML's console server (cloud-cml's security group)
_SERVICES = "systemctl status virl2.target"
_RESTART = "systemctl restart virl2.target"
_MEND = f"{_SERVICES}; {_RESTART}"

_START_UP_FLAGS = {
    "licensing_loaded": "the licensing service is not loaded",
    "core_driver_connected": "the controller's core is not connected to its driver",
    "node_definitions_loaded": "the node definitions are not loaded",
    "lld_connected": "no compute's low-level driver is connected",
    "lld_synced": "the computes' low-level drivers are not in step yet",
    "system_ready": "no compute can start nodes yet",
}
"""What a false flag of `diagnostics/startup_scheduler` means."""

_HEALTH_FIXES = {
    "enough_cpus": "CML needs at least 4 CPUs: choose a larger instance type",
    "refplat_images_available": "copy the reference platform's images to that host",
    "images_loaded": "copy the reference platform's images to the controller",
    "lld_connected": "look whether that compute is up and reaches its controller",
    "lld_synced": "wait a minute; if it stays so, restart that compute's services",
    "cpu_not_overloaded": "stop nodes, or choose a larger instance type",
    "memory_not_overloaded": "stop nodes, or choose a larger instance type",
    "disk_not_overloaded": "wipe labs that are stopped, remove images, or enlarge the volume",
}
"""By the last part of a health check's name; the rest are services of the host."""


def diagnose_way(state: CMLWorkerState, probe: ControllerProbeFact, *, is_booting: bool) -> Iterator[Finding]:
    """Address, TCP, TLS and the answer of the API, each as far as the probe came."""
    if ProbeStep.ADDRESS in probe.steps:
        yield _address(probe)
    if ProbeStep.TCP in probe.steps:
        yield _tcp(probe, is_booting=is_booting)
    if ProbeStep.TLS in probe.steps:
        yield _tls(probe)
    if ProbeStep.SYSTEM_INFORMATION in probe.steps:
        yield _api(state, probe, is_booting=is_booting)


def diagnose_cml(state: CMLWorkerState, probe: ControllerProbeFact, *, is_booting: bool) -> Iterator[Finding]:
    """Readiness, sign-in, start-up flags, health checks and licence, when the API answers."""
    if probe.system_information is None:
        return
    yield _readiness(probe, is_booting=is_booting)
    yield _sign_in(state, probe)
    yield from _start_up(probe)
    yield from _health(state, probe)
    if probe.maintenance_mode:
        yield warning(
            "maintenance", "maintenance mode is on: only administrators are let in", fix="end it in CML's settings"
        )


def _on_host(probe: ControllerProbeFact, command: str) -> str:
    return f"on the host (ssh -p {HOST_SSH_PORT} sysadmin@{probe.address}): {command}"


def _address(probe: ControllerProbeFact) -> Finding:
    failure = probe.failure(ProbeStep.ADDRESS)
    if failure is None:
        return ok("address", f"{probe.endpoint} leads to {probe.address}")
    if failure.code is ErrorCode.BLOCKED_ADDRESS:
        fix = "correct the tag cmlfleet:endpoint, or allow the network: CMLFLEET_CML_ALLOWED_NETWORKS"
    else:
        fix = "correct the name in the tag cmlfleet:endpoint, or in the DNS"
    return failed("address", failure.detail, fix=fix)


def _tcp(probe: ControllerProbeFact, *, is_booting: bool) -> Finding:
    failure, where = probe.failure(ProbeStep.TCP), f"{probe.address} port {probe.port}"
    if failure is None:
        return ok("tcp", f"{where} takes connections")
    if not probe.refused:
        private = probe.address is not None and ip_address(probe.address).is_private
        return failed(
            "tcp",
            f"{where} does not answer: something on the path drops it ({failure.detail})",
            fix=f"let TCP {probe.port} from this service into the instance's security group and network ACL, and "
            "look whether a route leads there"
            + ("; the address is private: only its VPC and connected networks reach it" if private else ""),
        )
    if is_booting:
        return warning(
            "tcp", f"{where} refuses: no web server listens yet", fix="wait: the controller is within its boot budget"
        )
    return failed(
        "tcp",
        f"{where} refuses: no web server listens, long after the start",
        fix=_on_host(
            probe, f"CML's installation failed (/var/log/cloud-init-output.log), or nginx is down ({_SERVICES})"
        ),
    )


def _tls(probe: ControllerProbeFact) -> Finding:
    failure = probe.failure(ProbeStep.TLS)
    if failure is None:
        return ok("tls", "TLS is spoken")
    if failure.code is ErrorCode.TIMEOUT:
        text, fix = "the connection is taken, then nothing more is said", _on_host(probe, _SERVICES)
    else:
        text = f"what listens there speaks no TLS ({failure.detail})"
        fix = "look whether the endpoint and its port are CML's own; " + _on_host(probe, "systemctl status nginx")
    return failed("tls", text, fix=fix)


def _api(state: CMLWorkerState, probe: ControllerProbeFact, *, is_booting: bool) -> Finding:
    failure = probe.failure(ProbeStep.SYSTEM_INFORMATION)
    if failure is None:
        return ok("api", "the API answers")
    match failure.code:
        case ErrorCode.NOT_READY if is_booting:
            return warning(
                "api",
                f"nginx is up and CML's API is not yet ({failure.status})",
                fix="wait: the controller is within its boot budget",
            )
        case ErrorCode.NOT_READY:
            text, fix = (
                f"nginx is up and CML's API is not ({failure.status})",
                _on_host(probe, _MEND),
            )
        case ErrorCode.CERTIFICATE_CHANGED:
            text, fix = failure.detail, f"compare it and accept it: cmlfleet workers trust {state.name}"
        case ErrorCode.TLS:
            text = failure.detail
            fix = "give CML a certificate that verifies for the endpoint's name, or set CMLFLEET_CML_TLS=pin"
        case ErrorCode.TIMEOUT | ErrorCode.UNREACHABLE:
            text, fix = (
                f"TLS works and no answer comes: {failure.detail}",
                _on_host(probe, _MEND),
            )
        case _:
            text = f"what answers is not as CML's API answers: {failure.detail}"
            fix = "look whether the endpoint is CML's own and no proxy is in the way; " + _on_host(probe, _SERVICES)
    return failed("api", text, fix=fix)


def _readiness(probe: ControllerProbeFact, *, is_booting: bool) -> Finding:
    information = probe.system_information
    if information is not None and information.ready:
        return ok("ready", f"CML {information.version} is ready")
    text = f"CML {information.version if information else ''} is up and not ready: no compute can start nodes"
    if is_booting:
        return warning("ready", text, fix="wait: the controller is within its boot budget")
    return failed("ready", text, fix="the findings below say what is missing")


def _sign_in(state: CMLWorkerState, probe: ControllerProbeFact) -> Finding:
    failure = probe.failure(ProbeStep.SIGN_IN)
    set_credentials = f"cmlfleet workers set-credentials {state.name}"
    if not probe.has_credentials:
        return warning(
            "sign_in",
            "no CML credentials are set: nothing more can be asked",
            fix=f"{set_credentials}, or CMLFLEET_CML_USERNAME and CMLFLEET_CML_PASSWORD for all workers",
        )
    if failure is None:
        return ok("sign_in", "CML accepts the credentials")
    match failure.code:
        case ErrorCode.UNAUTHORIZED:
            return failed("sign_in", f"CML refuses the credentials: {failure.detail}", fix=set_credentials)
        case ErrorCode.MAINTENANCE:
            return failed("sign_in", failure.detail, fix="end maintenance mode, or use an administrator's account")
        case ErrorCode.THROTTLED:
            return failed("sign_in", f"CML limits sign-ins: {failure.detail}", fix="wait a minute")
        case _:
            return failed("sign_in", f"the sign-in fails: {failure.detail}", fix=_on_host(probe, _SERVICES))


def _start_up(probe: ControllerProbeFact) -> Iterator[Finding]:
    if ProbeStep.START_UP not in probe.steps:
        return
    if (failure := probe.failure(ProbeStep.START_UP)) is not None:
        yield _unread_start_up(probe, failure)
        return
    flags = probe.start_up or {}
    for flag in (name for name, value in flags.items() if value is False):
        meaning = _START_UP_FLAGS.get(flag, "this part of CML has not come up")
        yield failed(f"start_up.{flag}", f"{flag} is false: {meaning}", fix=_on_host(probe, _MEND))
    if False not in flags.values():
        yield ok("start_up", "every part of CML has come up")


def _unread_start_up(probe: ControllerProbeFact, failure: StepFailure) -> Finding:
    if failure.code is ErrorCode.NOT_FOUND:
        version = probe.system_information.version if probe.system_information else "this version"
        return ok("start_up", f"CML {version} does not tell its start-up flags (2.9 and later do)")
    fix = "use an administrator's account" if failure.code is ErrorCode.ACCESS_DENIED else _on_host(probe, _SERVICES)
    return warning("start_up", f"the start-up flags could not be read: {failure.detail}", fix=fix)


def _health(state: CMLWorkerState, probe: ControllerProbeFact) -> Iterator[Finding]:
    if (failure := probe.failure(ProbeStep.HEALTH)) is not None:
        yield warning(
            "health", f"the health checks could not be read: {failure.detail}", fix=_on_host(probe, _SERVICES)
        )
    if probe.health is None:
        return
    failing = [check for check, passed in sorted(probe.health.checks.items()) if passed is False]
    for check in failing:
        subject = check.rpartition(".")[2]
        if subject == KVM_CHECK:
            continue
        fix = _HEALTH_FIXES.get(subject, _on_host(probe, _RESTART))
        yield failed(f"health.{check}", f"CML's health check {check} fails", fix=fix)
    if not failing:
        yield ok("health", "CML's health checks pass")
    if probe.health.is_licensed is False:
        yield failed(
            "licence", "CML says that it is not licensed", fix=f"cmlfleet license show {state.name} tells the state"
        )
