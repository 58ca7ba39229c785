"""What a diagnosis says, from facts alone: each finding with the fix that fits it."""

from dataclasses import replace

import pytest
from tests.support.fake_sources import ec2_failure, running_instance
from tests.support.workers import NOW, minutes, new_state, worker_of

from cmlfleet.domain.entities.cml_worker import CMLWorker
from cmlfleet.domain.facts import CMLHealth, CMLSystemInformation, EC2AbsentFact, EC2Checks, EC2ScheduledEvent
from cmlfleet.domain.finding import Finding, FindingState, failed, ok, warning, worst
from cmlfleet.domain.probe_facts import ControllerProbeFact, ProbeStep, StepFailure
from cmlfleet.domain.sources import ErrorCode

WAY = (ProbeStep.ADDRESS, ProbeStep.TCP, ProbeStep.TLS, ProbeStep.SYSTEM_INFORMATION)
SIGNED_IN = (ProbeStep.SIGN_IN, ProbeStep.START_UP, ProbeStep.HEALTH, ProbeStep.MAINTENANCE)
CML_2_9 = "2.9.1+build.7"
UP: dict[str, bool | None] = dict.fromkeys(("lld_connected", "lld_synced", "system_ready"), True)


def _worker(**changes: object) -> CMLWorker:
    """One that runs and booted hours ago."""
    instance = replace(running_instance(read_at=NOW), instance_type="m5zn.metal", launched_at=NOW - minutes(300))
    worker = worker_of(new_state())
    worker.observe_ec2(replace(instance, **changes))  # pyright: ignore[reportArgumentType]
    return worker


def _probe(
    *,
    ends_at: ProbeStep | None = None,
    code: ErrorCode = ErrorCode.TIMEOUT,
    status: int | None = None,
    refused: bool = False,
    ready: bool = True,
    start_up: dict[str, bool | None] | None = None,
    health: dict[str, bool | None] | None = None,
    **changes: object,
) -> ControllerProbeFact:
    steps: dict[ProbeStep, StepFailure | None] = {}
    for step in (*WAY, *SIGNED_IN):
        steps[step] = StepFailure(code=code, detail=f"the {step} failed", status=status) if step is ends_at else None
        if step is ends_at:
            break
    reached_api = ends_at is None or ends_at in SIGNED_IN
    fact = ControllerProbeFact(
        endpoint="https://10.0.0.7",
        address="10.0.0.7",
        port=443,
        refused=refused,
        steps=steps,
        system_information=CMLSystemInformation(version=CML_2_9, ready=ready, raw={}) if reached_api else None,
        start_up=UP if start_up is None else start_up,
        health=CMLHealth(valid=True, is_licensed=True, is_enterprise=True, checks=health or {}, compute_hosts=()),
    )
    return replace(fact, **changes)  # pyright: ignore[reportArgumentType]


def _found(worker: CMLWorker, probe: ControllerProbeFact | None) -> dict[str, Finding]:
    return {finding.check: finding for finding in worker.diagnose(probe, now=NOW)}


def test_all_is_well() -> None:
    findings = _worker().diagnose(_probe(health={"computes.cml.kvm_vmx_enabled": True}), now=NOW)
    assert [finding.check for finding in findings] == [
        "ec2_state",
        "ec2_checks",
        "address",
        "tcp",
        "tls",
        "api",
        "ready",
        "sign_in",
        "start_up",
        "health",
        "kvm",
    ]
    assert worst(findings) is None
    assert {finding.fix for finding in findings} == {None}


@pytest.mark.parametrize(
    ("state", "expected", "fix"),
    [
        ("pending", FindingState.WARNING, "wait"),
        ("stopped", FindingState.FAILED, "aws ec2 start-instances --region us-east-1 --instance-ids i-"),
        ("stopping", FindingState.FAILED, "then start it"),
        ("terminated", FindingState.FAILED, "forget"),
    ],
)
def test_an_instance_that_does_not_run_is_why_and_nothing_more_is_asked(
    state: str, expected: FindingState, fix: str
) -> None:
    findings = _worker(state=state, state_reason="User initiated").diagnose(None, now=NOW)
    assert [finding.check for finding in findings] == ["ec2_state"]
    assert findings[0].state is expected
    assert "User initiated" in findings[0].text
    assert fix in (findings[0].fix or "")


def test_ec2_that_cannot_be_asked_hides_nothing_else() -> None:
    worker = _worker()
    worker.observe_ec2(ec2_failure(ErrorCode.ACCESS_DENIED, read_at=NOW + minutes(1)))
    found = _found(worker, _probe(ends_at=ProbeStep.TCP))
    assert found["ec2"].state is FindingState.WARNING
    assert "cmlfleet doctor" in (found["ec2"].fix or "")
    assert found["tcp"].state is FindingState.FAILED


def test_an_instance_that_ec2_does_not_know() -> None:
    worker = _worker()
    worker.observe_ec2(EC2AbsentFact(read_at=NOW + minutes(1)))
    assert _found(worker, _probe())["ec2"].state is FindingState.FAILED


@pytest.mark.parametrize(
    ("checks", "expected", "fix"),
    [
        (EC2Checks(system="impaired", instance="ok"), FindingState.FAILED, "stop-instances"),
        (EC2Checks(system="ok", instance="ok", ebs="impaired"), FindingState.FAILED, "stop-instances"),
        (EC2Checks(system="ok", instance="impaired"), FindingState.FAILED, "get-console-output"),
        (EC2Checks(system="initializing", instance="initializing"), FindingState.WARNING, "wait"),
    ],
)
def test_ec2_checks_that_do_not_pass(checks: EC2Checks, expected: FindingState, fix: str) -> None:
    finding = _found(_worker(checks=checks), _probe())["ec2_checks"]
    assert finding.state is expected
    assert fix in (finding.fix or "")


def test_what_aws_has_scheduled_is_a_warning() -> None:
    event = EC2ScheduledEvent(code="instance-retirement", description="worn out", not_before=NOW)
    finding = _found(_worker(scheduled_events=(event,)), _probe())["scheduled_event"]
    assert finding.state is FindingState.WARNING
    assert "2026-11-24" in finding.text


def test_without_an_address_the_setting_that_would_give_one_is_named() -> None:
    worker = _worker(public_ip=None)
    finding = _found(worker, None)["endpoint"]
    assert finding.state is FindingState.FAILED
    assert "CMLFLEET_PREFER_PRIVATE_IP" in (finding.fix or "")


def test_a_compute_has_no_api_of_its_own() -> None:
    worker = _worker(tags={"cmlfleet:role": "compute"})
    assert _found(worker, None)["compute"].state is FindingState.WARNING
    worker.state.compute_connected = False
    assert _found(worker, None)["compute"].state is FindingState.FAILED
    worker.state.compute_connected = True
    assert _found(worker, None)["compute"].state is FindingState.OK


@pytest.mark.parametrize(
    ("ends_at", "code", "check", "fix"),
    [
        (ProbeStep.ADDRESS, ErrorCode.BLOCKED_ADDRESS, "address", "CMLFLEET_CML_ALLOWED_NETWORKS"),
        (ProbeStep.ADDRESS, ErrorCode.UNREACHABLE, "address", "DNS"),
        (ProbeStep.TCP, ErrorCode.TIMEOUT, "tcp", "security group"),
        (ProbeStep.TCP, ErrorCode.UNREACHABLE, "tcp", "route"),
        (ProbeStep.TLS, ErrorCode.TLS, "tls", "nginx"),
        (ProbeStep.TLS, ErrorCode.TIMEOUT, "tls", "virl2.target"),
        (ProbeStep.SYSTEM_INFORMATION, ErrorCode.NOT_READY, "api", "systemctl restart virl2.target"),
        (ProbeStep.SYSTEM_INFORMATION, ErrorCode.CERTIFICATE_CHANGED, "api", "cmlfleet workers trust"),
        (ProbeStep.SYSTEM_INFORMATION, ErrorCode.TLS, "api", "CMLFLEET_CML_TLS=pin"),
        (ProbeStep.SYSTEM_INFORMATION, ErrorCode.TIMEOUT, "api", "virl2.target"),
        (ProbeStep.SYSTEM_INFORMATION, ErrorCode.UNREACHABLE, "api", "virl2.target"),
        (ProbeStep.SYSTEM_INFORMATION, ErrorCode.BAD_RESPONSE, "api", "proxy"),
        (ProbeStep.SIGN_IN, ErrorCode.UNAUTHORIZED, "sign_in", "set-credentials"),
        (ProbeStep.SIGN_IN, ErrorCode.THROTTLED, "sign_in", "wait"),
        (ProbeStep.SIGN_IN, ErrorCode.MAINTENANCE, "sign_in", "administrator"),
        (ProbeStep.SIGN_IN, ErrorCode.NOT_READY, "sign_in", "virl2.target"),
    ],
)
def test_where_the_way_ends_is_the_one_failure_with_its_fix(
    ends_at: ProbeStep, code: ErrorCode, check: str, fix: str
) -> None:
    findings = _worker().diagnose(_probe(ends_at=ends_at, code=code), now=NOW)
    assert [finding.check for finding in findings if finding.state is FindingState.FAILED] == [check]
    chief = worst(findings)
    assert chief is not None
    assert fix in (chief.fix or "")


def test_a_private_address_is_said_to_be_one() -> None:
    private = _found(_worker(), _probe(ends_at=ProbeStep.TCP))["tcp"]
    public = _found(_worker(), _probe(ends_at=ProbeStep.TCP, address="198.18.0.1"))["tcp"]
    assert "the address is private" in (private.fix or "")
    public = _found(_worker(), _probe(ends_at=ProbeStep.TCP, address="52.1.2.3"))["tcp"]
    assert "private" not in (public.fix or "")


def test_refused_is_no_web_server_and_not_the_path() -> None:
    finding = _found(_worker(), _probe(ends_at=ProbeStep.TCP, code=ErrorCode.UNREACHABLE, refused=True))["tcp"]
    assert finding.state is FindingState.FAILED
    assert "no web server" in finding.text
    assert "cloud-init-output.log" in (finding.fix or "")
    assert "security group" not in (finding.fix or "")


@pytest.mark.parametrize(
    ("probe", "check"),
    [
        (_probe(ends_at=ProbeStep.TCP, code=ErrorCode.UNREACHABLE, refused=True), "tcp"),
        (_probe(ends_at=ProbeStep.SYSTEM_INFORMATION, code=ErrorCode.NOT_READY, status=502), "api"),
        (_probe(ready=False), "ready"),
    ],
)
def test_the_phases_of_a_boot_are_no_failures(probe: ControllerProbeFact, check: str) -> None:
    booting = _found(_worker(launched_at=NOW - minutes(4)), probe)[check]
    late = _found(_worker(), probe)[check]
    assert (booting.state, late.state) == (FindingState.WARNING, FindingState.FAILED)
    assert "boot budget" in (booting.fix or "")


def test_each_false_start_up_flag_is_a_finding_and_null_is_none() -> None:
    flags = {
        "lld_connected": False,
        "lld_synced": False,
        "licensing_loaded": None,
        "system_ready": False,
        "new": False,
    }
    found = _found(_worker(), _probe(ready=False, start_up=flags))
    named = {check for check in found if check.startswith("start_up")}
    assert named == {"start_up.lld_connected", "start_up.lld_synced", "start_up.system_ready", "start_up.new"}
    assert {found[check].state for check in named} == {FindingState.FAILED}


def test_flags_that_cannot_be_read_say_why() -> None:
    older = _found(_worker(), _probe(ends_at=ProbeStep.START_UP, code=ErrorCode.NOT_FOUND))["start_up"]
    denied = _found(_worker(), _probe(ends_at=ProbeStep.START_UP, code=ErrorCode.ACCESS_DENIED))["start_up"]
    assert (older.state, denied.state) == (FindingState.OK, FindingState.WARNING)
    assert "2.9" in older.text
    assert "administrator" in (denied.fix or "")


def test_each_failing_health_check_is_a_finding() -> None:
    checks = {"computes.cml.libvirt": False, "computes.cml.enough_cpus": False, "controller.core_connected": None}
    found = _found(_worker(), _probe(health=checks))
    failing = [check for check, finding in found.items() if finding.state is FindingState.FAILED]
    assert failing == ["health.computes.cml.enough_cpus", "health.computes.cml.libvirt"]
    assert "4 CPUs" in (found["health.computes.cml.enough_cpus"].fix or "")


@pytest.mark.parametrize(
    ("instance_type", "nested", "flag", "expected"),
    [
        ("m5zn.metal", False, None, FindingState.OK),
        ("m8i.4xlarge", True, None, FindingState.OK),
        ("c5.2xlarge", False, None, FindingState.WARNING),
        ("c5.2xlarge", False, True, FindingState.OK),
        ("c5.2xlarge", False, False, FindingState.FAILED),
    ],
)
def test_kvm_is_what_cml_says_else_what_the_type_brings(
    instance_type: str, nested: bool, flag: bool | None, expected: FindingState
) -> None:
    worker = _worker(instance_type=instance_type, nested_virtualization=nested)
    found = _found(worker, _probe(health={"computes.cml.kvm_vmx_enabled": flag}))
    assert found["kvm"].state is expected
    assert not [check for check in found if check.startswith("health.")]
    if expected is not FindingState.OK:
        assert ".metal" in (found["kvm"].fix or "")


def test_kvm_is_judged_even_when_nobody_answers() -> None:
    worker = _worker(instance_type="c5.2xlarge")
    assert _found(worker, _probe(ends_at=ProbeStep.TCP, health=None))["kvm"].state is FindingState.WARNING


def test_no_credentials_no_licence_maintenance_and_a_full_disk() -> None:
    worker = _worker()
    worker.state.disk_utilization = 97.0
    probe = _probe()
    assert probe.health is not None
    unlicensed = replace(probe, health=replace(probe.health, is_licensed=False), maintenance_mode=True)
    found = _found(worker, unlicensed)
    assert found["licence"].state is FindingState.FAILED
    assert found["maintenance"].state is FindingState.WARNING
    assert "97 %" in found["disk"].text
    anonymous = replace(probe, steps=dict.fromkeys(WAY), has_credentials=False, health=None, start_up=None)
    assert "CMLFLEET_CML_USERNAME" in (_found(worker, anonymous)["sign_in"].fix or "")


def test_the_worst_is_the_first_failure_else_the_first_warning() -> None:
    well, odd, bad, worse = (
        ok("a", "a"),
        warning("b", "b", fix="x"),
        failed("c", "c", fix="x"),
        failed("d", "d", fix="x"),
    )
    assert worst([well, odd, bad, worse]) is bad
    assert worst([well, odd]) is odd
    assert worst([well]) is None
