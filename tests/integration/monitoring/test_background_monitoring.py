"""Background monitoring of a whole service: who is refreshed, for how long, and how soon a change shows."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio
from tests.support.aws_scene import ACCOUNT, REGION
from tests.support.service import RunningService, running_service
from tests.support.waiting import until

from cmlfleet.simulator.cloud.transition_times import TransitionTimes

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIGURES = ("cpu_utilization", "memory_utilization", "disk_utilization", "labs_count", "labs_running", "nodes_running")
PATIENT_SECONDS = 60.0
BRISK = TransitionTimes(
    pending_seconds=0.3, stopping_seconds=0.3, shutting_down_seconds=0.3, metal_factor=1, checks_seconds=1
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def eager(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RunningService]:
    """Every worker has its turn each second."""
    folder = tmp_path_factory.mktemp("eager")
    async with running_service(
        folder, workers=4, simulated={"times": BRISK}, refresh_interval="1", discovery_interval="1"
    ) as service:
        await service.adopt_all()
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hourly(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RunningService]:
    """Nobody's turn comes while a test runs, and nothing sweeps EC2 by itself."""
    folder = tmp_path_factory.mktemp("hourly")
    async with running_service(folder, workers=1, simulated={"times": BRISK}, discovery_interval="86400") as service:
        await service.adopt_all()
        yield service


async def _reaches(service: RunningService, name: str, what: str, **wanted: Any) -> dict[str, Any]:
    """Wait until the record says so."""
    found: dict[str, Any] = {}

    async def holds() -> bool:
        found.update(await service.worker(name))
        return all(found[key] == value for key, value in wanted.items())

    await until(holds, timeout_seconds=PATIENT_SECONDS, what=what)
    return found


async def _is_refreshed_after(service: RunningService, name: str, moment: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    async def holds() -> bool:
        found.update(await service.worker(name))
        return found["last_refreshed_at"] > moment

    await until(holds, timeout_seconds=PATIENT_SECONDS, what=f"another refresh of {name}")
    return found


@pytest.mark.parametrize(("action", "status"), [("stop", "stopped"), ("start", "running")])
async def test_a_change_in_the_console_shows_after_anybodys_sweep_although_its_turn_has_not_come(
    hourly: RunningService, action: str, status: str
) -> None:
    """Groups share sweeps, and each has its turn at another time of the interval. A stopped worker's start too."""
    worker = hourly.simulator.fleet.worker("cml-worker-00001")
    hourly.simulator.fleet.act_in_console(worker.name, action)
    await until(lambda: worker.instance.state == status, what=f"EC2 to say {status}")
    await hourly.service.sources.aws.ec2.sweep(ACCOUNT, REGION, max_age_seconds=0)
    record = await _reaches(hourly, worker.name, f"the record to be {status}", status=status)
    assert record["monitoring"]["active"]
    assert record["monitoring"]["next_refresh_at"] > record["last_refreshed_at"]


async def test_monitoring_goes_on_after_a_refresh_by_hand(eager: RunningService) -> None:
    worker = await eager.worker("cml-worker-00001")
    by_hand = await eager.refresh(worker["id"])
    record = await _is_refreshed_after(eager, worker["name"], by_hand["worker"]["last_refreshed_at"])
    assert record["monitoring"]["active"]
    actors = {event["actor"] for event in (await eager.client.get("/api/v1/events")).json()["items"]}
    assert actors <= {"bootstrap", "schedule", "discovery"}


async def test_a_stopped_worker_stays_under_monitoring_and_costs_its_controller_nothing(
    eager: RunningService,
) -> None:
    name = "cml-worker-00002"
    eager.simulator.fleet.act_in_console(name, "stop")
    stopped = await _reaches(eager, name, "the stop", status="stopped")
    record = await _is_refreshed_after(eager, name, stopped["last_refreshed_at"])
    assert [record[figure] for figure in FIGURES] == [None] * len(FIGURES)
    assert [record["sources"][source]["outcome"] for source in ("ec2", "cloudwatch", "cml")] == [
        "ok",
        "skipped",
        "skipped",
    ]
    eager.simulator.fleet.act_in_console(name, "start")
    started = await _reaches(eager, name, "the start", status="running")
    assert started["health"] == "booting"


async def test_a_terminated_worker_leaves_the_monitoring_and_keeps_its_history(eager: RunningService) -> None:
    name = "cml-worker-00003"
    eager.simulator.fleet.act_in_console(name, "terminate")
    ended = await _reaches(eager, name, "the end", status="terminated")
    assert ended["monitoring"] == {"active": False, "next_refresh_at": None}
    others = await eager.worker("cml-worker-00001")
    await _is_refreshed_after(eager, others["name"], ended["last_refreshed_at"])
    assert (await eager.worker(name))["last_refreshed_at"] == ended["last_refreshed_at"]
    events = (await eager.client.get(f"/api/v1/workers/{ended['id']}/events")).json()["items"]
    changes = [event["data"] for event in events if event["type"] == "CMLWorkerStatusChangedDomainEvent"]
    assert changes[0]["after"] == "terminated"


async def test_a_source_that_keeps_failing_is_asked_less_often_and_heals_by_itself(eager: RunningService) -> None:
    name = "cml-worker-00004"
    eager.simulator.faults.set("html", worker=name)

    async def pause_seconds() -> float:
        source = (await eager.worker(name))["sources"]["cml"]
        if source["outcome"] != "error":
            return 0.0
        due_at, now = datetime.fromisoformat(source["next_due_at"]), datetime.now().astimezone()
        return (due_at - now).total_seconds()

    async def has_slowed_down() -> bool:
        return await pause_seconds() > 3

    await until(has_slowed_down, timeout_seconds=PATIENT_SECONDS, what="a longer pause")
    failing = (await eager.worker(name))["sources"]["cml"]
    assert failing["error_code"] == "bad_response"
    eager.simulator.faults.clear("html", worker=name)
    healed = await _reaches(eager, name, "the record to heal", health="ready", last_cml_api_error=None)
    told = (await eager.client.get(f"/api/v1/workers/{healed['id']}/events")).json()["items"]
    kinds = [event["type"].removesuffix("DomainEvent") for event in told]
    assert kinds.count("CMLWorkerSourceFailing") == kinds.count("CMLWorkerSourceRecovered") == 1
