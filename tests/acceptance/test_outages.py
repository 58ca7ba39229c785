"""What the record and the log say while something is broken, and that everything heals by itself."""

import json
import resource
import signal
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.support.product import (
    TOKEN,
    RunningService,
    SimulatedCloud,
    clean_environment,
    free_port,
    product,
    run_cli,
    served,
    simulated_cloud,
)

PATIENT_SECONDS = 120.0
FIGURES = ("cpu_utilization", "memory_utilization", "disk_utilization", "labs_count", "labs_running", "nodes_running")
ONE, TWO, THREE = "cml-worker-00001", "cml-worker-00002", "cml-worker-00003"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedCloud]:
    with simulated_cloud(tmp_path_factory.mktemp("cloud"), "--workers", "3") as running:
        yield running


@pytest.fixture
def service(cloud: SimulatedCloud, tmp_path: Path) -> Iterator[RunningService]:
    """All workers adopted and ready, each refreshed every second."""
    with served(cloud.environment, tmp_path) as running:
        _until(running, lambda: _healths(running) == ["ready"] * 3, what="three ready workers")
        try:
            yield running
        finally:
            cloud.mend()


def _until(service: RunningService, condition: Any, *, what: str) -> None:
    service.until(condition, what=what, timeout_seconds=PATIENT_SECONDS)


def _healths(service: RunningService) -> list[str]:
    return [worker["health"] for worker in service.workers().values()]


def _log(service: RunningService) -> list[dict[str, Any]]:
    return [json.loads(line) for line in service.running.err if line.startswith("{")]


def _events(service: RunningService, worker: dict[str, Any]) -> list[str]:
    """Their names, the oldest first."""
    events = service.items(f"/api/v1/workers/{worker['id']}/events")
    return [event["type"].removesuffix("DomainEvent") for event in reversed(events)]


def test_aws_that_cannot_be_reached_costs_its_own_fields_alone(
    cloud: SimulatedCloud, service: RunningService
) -> None:
    before = service.worker(ONE)
    cloud.fault("dead-region")
    _until(
        service,
        lambda: all(worker["sources"]["ec2"]["outcome"] == "error" for worker in service.workers().values()),
        what="EC2's error on every worker",
    )
    failing = service.worker(ONE)
    source = failing["sources"]["ec2"]
    assert (source["error_code"], source["read_at"] >= before["sources"]["ec2"]["read_at"]) == ("unreachable", True)
    assert (failing["status"], failing["health"]) == ("running", "ready")
    _until(
        service,
        lambda: service.worker(ONE)["sources"]["cml"]["read_at"] > source["failing_since"],
        what="CML to be read all the same",
    )
    (region,) = service.get("/api/v1/fleet")["regions"]
    assert (region["outcome"], region["error_code"]) == ("error", "unreachable")
    still = service.worker(ONE)["sources"]["ec2"]
    assert (still["failing_since"], still["error_code"]) == (source["failing_since"], "unreachable")
    by_hand = service.cli("workers", "refresh", ONE)
    assert by_hand.returncode == 0, by_hand.stderr
    cloud.mend()
    _until(
        service,
        lambda: all(worker["sources"]["ec2"]["outcome"] == "ok" for worker in service.workers().values()),
        what="EC2 to be read again",
    )
    assert service.worker(ONE)["sources"]["ec2"]["failing_since"] is None
    for worker in service.workers().values():
        _until(service, partial(_recovered_from_all, service, worker), what="both sources of AWS to recover")
        assert _events(service, worker).count("CMLWorkerSourceFailing") <= 2
    _until(service, lambda: _said(service, "region_readable_again") == 1, what="the recovery in the log")
    assert _said(service, "region_unreadable") == 1


def _recovered_from_all(service: RunningService, worker: dict[str, Any]) -> bool:
    kinds = _events(service, worker)
    return kinds.count("CMLWorkerSourceFailing") == kinds.count("CMLWorkerSourceRecovered") > 0


def _said(service: RunningService, event: str) -> int:
    return sum(line["event"] == event for line in _log(service))


def test_a_controller_that_breaks_says_since_when_and_heals(cloud: SimulatedCloud, service: RunningService) -> None:
    before = service.worker(TWO)
    cloud.fault("html", TWO)
    _until(service, lambda: service.worker(TWO)["health"] == "degraded", what="the breakdown to be recorded")
    broken = service.worker(TWO)
    source = broken["sources"]["cml"]
    assert (source["outcome"], source["error_code"]) == ("error", "bad_response")
    assert "HTML" in broken["last_cml_api_error"]
    assert broken["health_reasons"][0]["code"] == "bad_response"
    assert broken["health_reasons"][0]["since"] == source["failing_since"] >= before["sources"]["cml"]["read_at"]
    assert broken["cml_version"] == before["cml_version"]
    assert broken["labs_count"] == before["labs_count"]
    assert source["read_at"] < source["failing_since"]
    assert [service.worker(name)["health"] for name in (ONE, THREE)] == ["ready", "ready"]
    cloud.mend()
    _until(service, lambda: service.worker(TWO)["health"] == "ready", what="the record to heal")
    healed = service.worker(TWO)
    assert (healed["last_cml_api_error"], healed["sources"]["cml"]["failing_since"]) == (None, None)
    kinds = _events(service, healed)
    assert [kind for kind in kinds if "Source" in kind] == ["CMLWorkerSourceFailing", "CMLWorkerSourceRecovered"]
    _until(service, lambda: _said(service, "CMLWorkerSourceRecovered") == 1, what="the recovery in the log")
    assert _said(service, "CMLWorkerSourceFailing") == 1


def test_a_worker_stopped_in_the_console_shows_and_starts_again(
    cloud: SimulatedCloud, service: RunningService
) -> None:
    cloud.in_console(THREE, "stop")
    _until(service, lambda: service.worker(THREE)["status"] == "stopped", what="the stop")
    stopped = service.worker(THREE)
    assert [stopped[figure] for figure in FIGURES] == [None] * len(FIGURES)
    assert (stopped["health"], stopped["cml_ready"], stopped["monitoring"]["active"]) == ("off", None, True)
    assert [stopped["sources"][source]["reason"] for source in ("cloudwatch", "cml")] == ["not_running"] * 2
    scraped = service.http.get("/metrics").text
    assert f'cml_worker_status{{worker_id="{stopped["id"]}",region="us-east-1",status="stopped"}} 1' in scraped
    assert f'cml_worker_disk_utilization_percent{{worker_id="{stopped["id"]}"' not in scraped
    cloud.in_console(THREE, "start")
    _until(service, lambda: service.worker(THREE)["health"] == "ready", what="the start, the boot and the labs")
    kinds = _events(service, stopped)
    assert kinds.count("CMLWorkerSourceFailing") == 0  # a boot is no failure
    changes = [
        (event["data"]["before"], event["data"]["after"])
        for event in reversed(service.items(f"/api/v1/workers/{stopped['id']}/events"))
        if event["type"] == "CMLWorkerStatusChangedDomainEvent"
    ]
    assert changes[0] == ("unknown", "running")
    assert changes[-1][1] == "running"
    assert ("stopped" in [after for _, after in changes]) is True


def test_a_request_that_the_end_cuts_short_is_told_so(cloud: SimulatedCloud, service: RunningService) -> None:
    worker = service.worker(ONE)
    cloud.fault("hanging", ONE)
    answers: list[httpx2.Response] = []
    calls = cloud.control.call("GET", "/calls")["calls"]
    asking = threading.Thread(
        target=lambda: answers.append(
            service.http.post(f"/api/v1/workers/{worker['id']}/refresh", timeout=PATIENT_SECONDS)
        )
    )
    asking.start()
    service.running.wait_for(lambda: cloud.control.call("GET", "/calls")["calls"] != calls, what="the refresh")
    service.running.send(signal.SIGTERM)
    asking.join(PATIENT_SECONDS)
    (answer,) = answers
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert answer.headers["Retry-After"]
    assert service.running.ended(timeout_seconds=30) == 0
    assert "Traceback" not in service.running.text, service.running.text[-6000:]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_work_lets_it_finish(
    cloud: SimulatedCloud, service: RunningService, number: signal.Signals
) -> None:
    worker = service.worker(ONE)
    cloud.fault("slow", ONE, seconds=0.2)
    answers: list[httpx2.Response] = []
    asking = threading.Thread(
        target=lambda: answers.append(service.http.post(f"/api/v1/workers/{worker['id']}/refresh"))
    )
    calls = cloud.control.call("GET", "/calls")["calls"]
    asking.start()
    service.running.wait_for(
        lambda: cloud.control.call("GET", "/calls")["calls"] != calls or not asking.is_alive(), what="the refresh"
    )
    service.running.send(number)
    asking.join(PATIENT_SECONDS)
    assert service.running.ended(timeout_seconds=30) == 0
    (answer,) = answers
    assert answer.status_code == 200
    assert answer.json()["sources"]["cml"]["outcome"] == "ok"
    assert "Traceback" not in service.running.text, service.running.text[-6000:]


def test_two_services_on_one_database_agree(cloud: SimulatedCloud, service: RunningService, tmp_path: Path) -> None:
    with served(cloud.environment, tmp_path) as other:
        _until(other, lambda: _healths(other) == ["ready"] * 3, what="the other one's records")
        cloud.in_console(TWO, "stop")
        for each in (service, other):
            _until(each, lambda each=each: each.worker(TWO)["status"] == "stopped", what="the stop")
        worker = service.worker(TWO)
        for number in range(10):
            each = (service, other)[number % 2]
            answer = each.http.patch(f"/api/v1/workers/{worker['id']}", json={"labels": {f"key{number}": "x"}})
            assert answer.status_code == 200, answer.text
        assert service.worker(TWO)["labels"] == other.worker(TWO)["labels"]
        assert len(other.worker(TWO)["labels"]) == 10
        cloud.in_console(TWO, "start")
        _until(other, lambda: other.worker(TWO)["status"] == "running", what="the start")
        told = [
            event["data"]["after"]
            for event in other.items(f"/api/v1/workers/{worker['id']}/events")
            if event["type"] == "CMLWorkerStatusChangedDomainEvent"
        ]
        assert told.count("stopped") == 1
        for each in (service, other):
            assert [line for line in _log(each) if line["level"] in ("error", "warning")] == []


def test_a_disk_that_is_full_is_said_in_words_and_heals(service: RunningService, tmp_path: Path) -> None:
    database = tmp_path / "data" / "cmlfleet.db"
    process = service.running.process.pid
    worker = service.worker(ONE)
    unlimited = resource.prlimit(
        process, resource.RLIMIT_FSIZE, (database.stat().st_size // 2, resource.RLIM_INFINITY)
    )

    def refused() -> bool:
        answer = service.http.patch(f"/api/v1/workers/{worker['id']}", json={"note": "x" * 4000})
        return answer.status_code == 503

    _until(service, refused, what="a refusal to save")
    answer = service.http.post(f"/api/v1/workers/{worker['id']}/refresh")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert service.worker(ONE)["name"] == ONE  # what is stored can be read
    _until(service, lambda: _said(service, "job_failed") > 0, what="a line in the log")
    resource.prlimit(process, resource.RLIMIT_FSIZE, unlimited)
    _until(
        service, lambda: service.cli("workers", "refresh", ONE).returncode == 0, what="the disk to be usable again"
    )
    moment = service.worker(ONE)["last_refreshed_at"]
    _until(service, lambda: service.worker(TWO)["last_refreshed_at"] > moment, what="the monitoring to go on")
    _until(service, lambda: _said(service, "job_recovered") == _said(service, "job_failed"), what="the recovery")
    assert "Traceback" not in service.running.text, service.running.text[-6000:]


def test_a_data_directory_that_cannot_be_written_stops_the_start_in_words(
    cloud: SimulatedCloud, tmp_path: Path
) -> None:
    for folder in ("/proc/cmlfleet", str(tmp_path / "file" / "data")):
        (tmp_path / "file").write_text("in the way")
        environment = clean_environment(tmp_path, **cloud.environment, CMLFLEET_DATA_DIR=folder)
        with product("serve", "--port", str(free_port()), environment=environment, folder=tmp_path) as running:
            assert running.ended(timeout_seconds=60) in (1, 2)
            assert folder in running.text
            assert "Traceback" not in running.text


def test_a_service_that_starts_before_aws_can_be_reached_begins_as_soon_as_it_can(tmp_path: Path) -> None:
    aws_port = free_port()
    with simulated_cloud(tmp_path, "--workers", "1") as elsewhere:
        variables = elsewhere.environment | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws_port}"}
    with served(variables, tmp_path) as service:
        _until(service, lambda: _said(service, "aws_account_unknown") == 1, what="a line in the log")
        assert service.get("/api/v1/fleet")["workers"]["total"] == 0
        imported = run_cli("workers", "import", "--region", "us-east-1", "--tag", "a=b", url=service.url, token=TOKEN)
        assert imported.returncode == 1
        assert "no account and region is known yet" in imported.stderr
        command = ("simulate", "--workers", "1", "--aws-port", str(aws_port), "--cml-port", "0")
        with product(*command, environment=clean_environment(tmp_path), folder=tmp_path) as simulator:
            simulator.says("ready\n")
            _until(service, lambda: list(service.workers()) == [ONE], what="the adoption")
        assert _said(service, "aws_account_known") == 1
