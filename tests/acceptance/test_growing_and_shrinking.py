"""Many workers that appear at once, and many that are terminated at once, beside others that nothing happens to."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.product import RunningService, SimulatedCloud, served, simulated_cloud

PATIENT_SECONDS = 120.0
WORKERS = 60
NAMES = [f"cml-worker-{number:05}" for number in range(1, WORKERS + 1)]
THERE, LATER = NAMES[: WORKERS // 2], NAMES[WORKERS // 2 :]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[SimulatedCloud]:
    """Of which EC2 shows the first half alone."""
    with simulated_cloud(tmp_path, "--workers", str(WORKERS)) as running:
        for name in LATER:
            running.fault("vanished", name)
        yield running


def test_many_that_appear_are_adopted_and_many_that_end_leave_while_the_others_go_on(
    cloud: SimulatedCloud, tmp_path: Path
) -> None:
    with served(cloud.environment, tmp_path) as service:
        _until(service, lambda: _ready(service) == set(THERE), what="the first half to be ready")

        cloud.mend()

        _until(service, lambda: _ready(service) == set(NAMES), what="the other half to be adopted and read")
        assert _scraped(service) == set(NAMES)
        assert [group["workers"] for group in _groups(service)] == [WORKERS]

        for name in LATER:
            cloud.in_console(name, "terminate")

        _until(service, lambda: _ended(service) == set(LATER), what="the other half to have ended")
        assert _scraped(service) == set(THERE)
        assert [group["workers"] for group in _groups(service)] == [len(THERE)]
        records = service.workers()
        for name in LATER:
            worker = records[name]
            assert worker["monitoring"] == {"active": False, "next_refresh_at": None}
            kinds = [event["type"] for event in service.items(f"/api/v1/workers/{worker['id']}/events")]
            assert kinds[-1] == "CMLWorkerImportedDomainEvent"
        _until(
            service,
            lambda: all(_refreshed_at(service)[name] > records[name]["last_refreshed_at"] for name in THERE),
            what="the first half to be refreshed as before",
        )
        assert _ready(service) == set(THERE)


def _until(service: RunningService, condition: Any, *, what: str) -> None:
    service.until(condition, what=what, timeout_seconds=PATIENT_SECONDS)


def _ready(service: RunningService) -> set[str]:
    return {name for name, worker in service.workers().items() if worker["health"] == "ready"}


def _ended(service: RunningService) -> set[str]:
    return {name for name, worker in service.workers().items() if worker["status"] == "terminated"}


def _refreshed_at(service: RunningService) -> dict[str, str]:
    return {name: worker["last_refreshed_at"] for name, worker in service.workers().items()}


def _scraped(service: RunningService) -> set[str]:
    """Names of the workers that metrics show."""
    return set(re.findall(r'cml_worker_info{.*?name="([^"]+)"', service.http.get("/metrics").text))


def _groups(service: RunningService) -> list[dict[str, Any]]:
    return service.get("/api/v1/system")["groups"]
