"""A diagnosis over HTTP, against each way in which the simulated cloud breaks: one failure, named, with its fix."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.support.service import RunningService, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")

Finding = dict[str, Any]


async def _diagnose(service: RunningService, name: str) -> dict[str, Any]:
    worker = await service.worker(name)
    answer = await service.client.post(f"/api/v1/workers/{worker['id']}/diagnose")
    assert answer.status_code == 200, answer.text
    diagnosis = answer.json()
    assert (diagnosis["worker_id"], diagnosis["name"]) == (worker["id"], name)
    return diagnosis


def _of(diagnosis: dict[str, Any], state: str) -> dict[str, Finding]:
    return {finding["check"]: finding for finding in diagnosis["findings"] if finding["state"] == state}


async def test_a_worker_that_answers_has_no_failure(service: RunningService) -> None:
    worker = await service.worker("cml-worker-00001")
    diagnosis = await _diagnose(service, worker["name"])
    assert diagnosis["summary"] == "it answers, and nothing is wrong"
    assert set(_of(diagnosis, "ok")) >= {
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
    }
    assert not _of(diagnosis, "failed")
    assert diagnosis["duration_ms"] > 0
    assert worker["https_endpoint"] in _of(diagnosis, "ok")["address"]["text"]


async def test_it_changes_nothing_and_signs_in_no_second_time(service: RunningService) -> None:
    before = await service.worker("cml-worker-00001")
    await service.refresh(before["id"])
    before = await service.worker("cml-worker-00001")
    controller = service.simulator.fleet.workers["cml-worker-00001"].controller
    assert controller is not None
    sign_ins = controller.calls.sign_ins
    await asyncio.gather(*(_diagnose(service, before["name"]) for _ in range(4)))
    assert (await service.worker("cml-worker-00001"))["version"] == before["version"]
    assert controller.calls.sign_ins == sign_ins


@pytest.mark.parametrize(
    ("fault", "check", "text", "fix"),
    [
        ("refused", "tcp", "no web server listens", "/var/log/cloud-init-output.log"),
        ("tls-failure", "tls", "speaks no TLS", "nginx"),
        ("bad-gateway", "api", "nginx is up and CML's API is not (502)", "systemctl restart virl2.target"),
        ("gateway-timeout", "api", "nginx is up and CML's API is not (504)", "systemctl restart virl2.target"),
        ("closed-early", "api", "no answer comes", "virl2.target"),
        ("html", "api", "an HTML page", "proxy"),
        ("redirect", "api", "a redirect", "proxy"),
        ("internal-error", "api", "answered 500", "virl2.target"),
        ("not-ready", "ready", "not ready", "below"),
        ("wrong-password", "sign_in", "refuses the credentials", "cmlfleet workers set-credentials"),
        ("checks-impaired", "ec2_checks", "impaired", "aws ec2 reboot-instances"),
        ("unlicensed", "licence", "not licensed", "cmlfleet license show"),
    ],
)
async def test_a_fault_is_the_first_failure_with_its_fix(
    service: RunningService, fault: str, check: str, text: str, fix: str
) -> None:
    worker = await service.worker("cml-worker-00002")
    service.simulator.faults.set(fault, worker=worker["name"])
    try:
        await service.client.delete(f"/api/v1/workers/{worker['id']}/credentials")  # whoever signed in signs in anew
        diagnosis = await _diagnose(service, worker["name"])
    finally:
        service.simulator.faults.clear(fault, worker=worker["name"])
    failed = _of(diagnosis, "failed")
    assert next(iter(failed)) == check
    assert text in failed[check]["text"]
    assert fix in failed[check]["fix"]
    assert diagnosis["summary"] == failed[check]["text"]


async def test_not_ready_names_the_false_start_up_flags(service: RunningService) -> None:
    service.simulator.faults.set("not-ready", worker="cml-worker-00002")
    diagnosis = await _diagnose(service, "cml-worker-00002")
    service.simulator.faults.clear("not-ready", worker="cml-worker-00002")
    assert "start_up.system_ready" in _of(diagnosis, "failed")


async def test_no_kvm(service: RunningService) -> None:
    service.simulator.faults.set("health-failed", worker="cml-worker-00002", parameters={"check": "kvm_vmx_enabled"})
    diagnosis = await _diagnose(service, "cml-worker-00002")
    service.simulator.faults.clear("health-failed", worker="cml-worker-00002")
    failed = _of(diagnosis, "failed")
    assert list(failed) == ["kvm"]
    assert ".metal" in failed["kvm"]["fix"]


async def test_a_stopped_instance_is_not_probed(service: RunningService) -> None:
    service.simulator.fleet.act_in_console("cml-worker-00003", "stop")
    diagnosis = await _diagnose(service, "cml-worker-00003")
    state = diagnosis["findings"][0]
    assert (state["check"], state["state"]) == ("ec2_state", "failed")
    assert "stopp" in state["text"]
    assert not {"tcp", "tls", "api"} & {finding["check"] for finding in diagnosis["findings"]}


async def test_an_unknown_worker_is_404_and_a_viewer_403(service: RunningService) -> None:
    unknown = await service.client.post("/api/v1/workers/w-none/diagnose")
    worker = await service.worker("cml-worker-00001")
    headers = service.as_(await service.token_of("viewer"))
    refused = await service.client.post(f"/api/v1/workers/{worker['id']}/diagnose", headers=headers)
    assert (unknown.status_code, refused.status_code) == (404, 403)
    assert "operator" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("fault", "check", "fix"), [("hanging", "api", "virl2.target"), ("half-open", "tls", "virl2.target")]
)
async def test_whoever_hangs_is_found_within_the_limit(tmp_path: Path, fault: str, check: str, fix: str) -> None:
    async with running_service(tmp_path, workers=1, cml_timeout="2") as service:
        (worker,) = await service.adopt_all()
        service.simulator.faults.set(fault, worker=worker["name"])
        diagnosis = await _diagnose(service, worker["name"])
    failed = _of(diagnosis, "failed")
    assert list(failed) == [check]
    assert fix in failed[check]["fix"]


async def test_nothing_is_sent_to_loopback_unless_the_configuration_allows_it(tmp_path: Path) -> None:
    async with running_service(tmp_path, workers=1, cml_allowed_networks="10.0.0.0/8") as service:
        (worker,) = await service.adopt_all()
        diagnosis = await _diagnose(service, worker["name"])
        listener = service.simulator.fleet.workers[worker["name"]].listener
        assert listener is not None
        assert listener.connections_accepted == 0
    failed = _of(diagnosis, "failed")
    assert list(failed) == ["address"]
    assert "CMLFLEET_CML_ALLOWED_NETWORKS" in failed["address"]["fix"]
