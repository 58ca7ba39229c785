"""kill -9 in the middle of the work, then a start on what is left: no record, no event, no monitoring is lost."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.product import ProductProcess, RunningService, SimulatedCloud, served, simulated_cloud

WORKERS = 40
SLOW_ONES = tuple(f"cml-worker-{number:05}" for number in range(WORKERS // 2 + 1, WORKERS + 1))
DELIVERED_TO_THE_LOG = ("CMLWorkerImported", "CMLWorkerHealthChanged", "CMLWorkerSourceFailing")
PATIENT_SECONDS = 120.0


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedCloud]:
    """Half of the controllers answer slowly, so that there always is a refresh under way."""
    with simulated_cloud(tmp_path_factory.mktemp("cloud"), "--workers", str(WORKERS)) as running:
        for name in SLOW_ONES:
            running.fault("slow", name, seconds=0.4)
        yield running


def _events(service: RunningService) -> dict[str, dict[str, Any]]:
    return {event["id"]: event for event in service.items("/api/v1/events")}


def _logged(*processes: ProductProcess) -> list[dict[str, Any]]:
    lines = (line for process in processes for line in process.err)
    return [json.loads(line) for line in lines if line.startswith("{")]


def _delivered(*processes: ProductProcess) -> set[str]:
    return {line["event_id"] for line in _logged(*processes) if "event_id" in line}


def _owed_to_the_log(events: Iterable[dict[str, Any]]) -> set[str]:
    return {event["id"] for event in events if event["type"].removesuffix("DomainEvent") in DELIVERED_TO_THE_LOG}


def test_what_was_saved_survives_and_what_was_not_delivered_is_delivered(
    cloud: SimulatedCloud, tmp_path: Path
) -> None:
    with served(cloud.environment, tmp_path) as first:
        first.until(lambda: first.get("/api/v1/fleet")["workers"]["total"] == WORKERS, what="the adoption")
        first.until(lambda: 0 < len(_read_once(first)) < WORKERS, what="refreshes of which some are done")
        saved, told = first.workers(), _events(first)
        first.running.kill()
    with served(cloud.environment, tmp_path) as second:
        kept = second.workers()
        assert {name: worker["id"] for name, worker in kept.items()} == {
            name: worker["id"] for name, worker in saved.items()
        }
        assert all(worker["version"] >= saved[name]["version"] for name, worker in kept.items())
        second.until(
            lambda: all(worker["health"] == "ready" for worker in second.workers().values()),
            what="every worker to be ready",
            timeout_seconds=PATIENT_SECONDS,
        )
        # Once more, in the middle of a sweep of the monitoring, with changes under way.
        cloud.control.call("POST", "/faults", {"name": "html", "worker": "cml-worker-00001"})
        second.until(
            lambda: second.worker("cml-worker-00001")["health"] == "degraded",
            what="the fault to be recorded",
            timeout_seconds=PATIENT_SECONDS,
        )
        told |= _events(second)
        second.running.kill()
    cloud.control.call("DELETE", "/faults?name=html&worker=cml-worker-00001")
    with served(cloud.environment, tmp_path) as third:
        assert told.keys() <= _events(third).keys()
        before = {name: worker["last_refreshed_at"] for name, worker in third.workers().items()}
        third.until(
            lambda: all(
                worker["last_refreshed_at"] > before[name] and worker["monitoring"]["active"]
                for name, worker in third.workers().items()
            ),
            what="the monitoring of every worker to go on",
            timeout_seconds=PATIENT_SECONDS,
        )
        third.until(
            lambda: third.worker("cml-worker-00001")["health"] == "ready",
            what="the worker to heal",
            timeout_seconds=PATIENT_SECONDS,
        )
        processes = (first.running, second.running, third.running)
        third.until(
            lambda: _owed_to_the_log(_events(third).values()) <= _delivered(*processes),
            what="every event to be delivered by one of the three",
        )
        assert len({worker["instance_id"] for worker in third.workers().values()}) == WORKERS
    assert [line for line in _logged(*processes) if line["level"] == "error"] == []


def _read_once(service: RunningService) -> list[str]:
    return [name for name, worker in service.workers().items() if worker["last_refreshed_at"]]


def test_a_refresh_of_the_fleet_goes_on_after_the_start(cloud: SimulatedCloud, tmp_path: Path) -> None:
    hanging = "cml-worker-00001"
    with served(cloud.environment, tmp_path, cml_timeout="60", refresh_interval="3600") as first:
        first.until(lambda: first.get("/api/v1/fleet")["workers"]["total"] == WORKERS, what="the adoption")
        cloud.fault("hanging", hanging)
        started = first.http.post("/api/v1/workers/refresh", json={})
        place = started.headers["Location"]
        first.until(lambda: first.get(place)["done"] == WORKERS - 1, what="all but one", timeout_seconds=60.0)
        first.running.kill()
    cloud.control.call("DELETE", f"/faults?name=hanging&worker={hanging}")
    with served(cloud.environment, tmp_path) as second:
        second.until(lambda: second.get(place)["finished_at"], what="the end")
        ended = second.get(place)
        assert (ended["state"], ended["done"]) == ("done", WORKERS)
        assert {item["state"] for item in ended["items"]} == {"done"}
