"""Labs of the fleet and of one worker, and licences, as their controllers told them last."""

from typing import Any

import pytest
from tests.support.service import RunningService

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIELDS = {
    "id",
    "title",
    "owner",
    "state",
    "node_count",
    "nodes_running",
    "created_at",
    "modified_at",
    "worker_id",
    "worker_name",
    "read_at",
}
FIRST, SECOND = "cml-worker-00001", "cml-worker-00002"


async def _labs(service: RunningService, path: str = "/api/v1/labs", **parameters: Any) -> dict[str, Any]:
    answer = await service.client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_fleets_labs_are_those_of_its_workers(service: RunningService) -> None:
    everything = await _labs(service)
    workers = await service.workers()
    assert everything["total"] == len(everything["items"]) == sum(worker["labs_count"] for worker in workers)
    assert {frozenset(lab) for lab in everything["items"]} == {frozenset(FIELDS)}
    for worker in workers:
        own = (await _labs(service, f"/api/v1/workers/{worker['id']}/labs"))["items"]
        assert own == [lab for lab in everything["items"] if lab["worker_id"] == worker["id"]]
        assert sum(lab["state"] == "STARTED" for lab in own) == worker["labs_running"]
        assert sum(lab["nodes_running"] for lab in own) == worker["nodes_running"]


async def test_a_lab_that_is_stopped_shows_after_a_refresh(service: RunningService) -> None:
    worker = next(worker for worker in await service.workers() if worker["labs_running"])
    path = f"/api/v1/workers/{worker['id']}/labs"
    (lab, *_) = (await _labs(service, path, state="STARTED"))["items"]
    service.simulator.fleet.act_on_lab(worker["name"], lab["id"], "stop")

    async def stopped() -> bool:
        await service.refresh(worker["id"])
        (now,) = [entry for entry in (await _labs(service, path))["items"] if entry["id"] == lab["id"]]
        return now["state"] == "STOPPED" and now["nodes_running"] == 0 and now["read_at"] > lab["read_at"]

    from tests.support.waiting import until  # noqa: PLC0415 - only here

    await until(stopped, timeout_seconds=25, what="the lab to stop")


async def test_labs_are_chosen_and_paged(service: RunningService) -> None:
    everything = (await _labs(service))["items"]
    title = everything[0]["title"]
    found = (await _labs(service, q=title.upper()))["items"]
    assert found
    assert all(title in (lab["title"], lab["owner"], lab["worker_name"]) for lab in found)
    assert {lab["worker_name"] for lab in (await _labs(service, q=SECOND))["items"]} == {SECOND}
    states = {lab["state"] for lab in everything}
    assert (await _labs(service, state=",".join(states)))["items"] == everything
    assert (await _labs(service, state="QUEUED"))["total"] == 0
    for path in ("/api/v1/labs", f"/api/v1/workers/{everything[0]['worker_id']}/labs"):
        refused = await service.client.get(path, params={"state": "STARTED,started"})
        assert refused.status_code == 422
        assert refused.json()["detail"] == (
            "'started' is no state of a lab; there are: DEFINED_ON_CORE, QUEUED, STARTED, STOPPED"
        )
    paged: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await _labs(service, limit=2, **cursor)
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert paged == everything


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"limit": "0"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "-1"}, "cursor"),
        ({"cursor": "9" * 400}, "cursor"),
        ({"title": "x"}, "unknown parameter"),
        ({"q": "a\x00b"}, "NUL"),
    ],
)
@pytest.mark.parametrize("of_worker", [False, True])
async def test_a_choice_that_makes_no_sense_is_refused(
    service: RunningService, parameters: dict[str, str], told: str, of_worker: bool
) -> None:
    path = f"/api/v1/workers/{(await service.worker(FIRST))['id']}/labs" if of_worker else "/api/v1/labs"
    answer = await service.client.get(path, params=parameters)
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["detail"]


async def test_a_licence_in_full(service: RunningService) -> None:
    worker = await service.worker(FIRST)
    licence = (await service.client.get(f"/api/v1/workers/{worker['id']}/license")).json()
    assert licence["worker_id"] == worker["id"]
    assert licence["is_licensed"] is True
    assert licence["license"] == worker["cml_license"]
    assert licence["license"]["authorization"] == "IN_COMPLIANCE"
    assert licence["nodes_limit"] == worker["nodes_limit"]
    assert licence["reason"] is None
    assert licence["read_at"] is not None
    assert {feature["status"] for feature in licence["features"]} == {"IN_COMPLIANCE"}


@pytest.mark.parametrize(
    ("fault", "licensed", "reason"), [("license-denied", True, "access_denied"), ("unlicensed", False, None)]
)
async def test_a_licence_that_cannot_be_read_or_is_none_says_why(
    service: RunningService, fault: str, licensed: bool, reason: str | None
) -> None:
    worker = await service.worker(SECOND)
    service.simulator.faults.set(fault, worker=SECOND)
    try:
        refreshed = await service.refresh(worker["id"])
    finally:
        service.simulator.faults.clear(fault, worker=SECOND)
    licence = (await service.client.get(f"/api/v1/workers/{worker['id']}/license")).json()
    assert refreshed["sources"]["cml"]["outcome"] == "ok"
    assert licence["is_licensed"] is licensed
    if reason is not None:
        assert reason in licence["reason"]
        assert (licence["license"], licence["nodes_limit"], licence["features"]) == (None, None, [])
        assert (refreshed["worker"]["cml_license"], refreshed["worker"]["nodes_limit"]) == (None, None)
    else:
        assert licence["license"]["status"] == "NOT_REGISTERED"
    await service.refresh(worker["id"])


@pytest.mark.parametrize("part", ["labs", "license"])
async def test_of_an_unknown_worker_is_404(service: RunningService, part: str) -> None:
    answer = await service.client.get(f"/api/v1/workers/w-none/{part}")
    assert answer.status_code == 404
    assert "'w-none'" in answer.json()["detail"]
