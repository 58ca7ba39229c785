"""A refresh asked for by HTTP: its result per source, one run for all who ask at once, many as an operation."""

import asyncio
from typing import Any

import pytest
from tests.support.service import RunningService
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPORT = {"outcome", "reason", "error_code", "duration_ms"}
MANY = "/api/v1/workers/refresh"


async def _finished(service: RunningService, location: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    async def over() -> bool:
        found.update((await service.client.get(location)).json())
        return found["finished_at"] is not None

    await until(over, timeout_seconds=15, what="the operation's end")
    return found


async def test_the_result_says_what_each_source_said(service: RunningService) -> None:
    worker = await service.worker("cml-worker-00001")
    result = await service.refresh(worker["id"])
    assert result.keys() == {"worker", "sources", "events", "started_at", "duration_ms"}
    assert {name: report["outcome"] for name, report in result["sources"].items()} == {
        "ec2": "ok",
        "cloudwatch": "ok",
        "cml": "ok",
    }
    for report in result["sources"].values():
        assert report.keys() == REPORT
        assert report["duration_ms"] > 0
    assert result["duration_ms"] >= result["sources"]["cml"]["duration_ms"]
    assert result["worker"]["id"] == worker["id"]
    assert result["worker"]["last_refreshed_at"] > worker["last_refreshed_at"]


async def test_a_refresh_that_changes_nothing_raises_nothing(service: RunningService) -> None:
    worker = await service.worker("cml-worker-00001")
    await service.refresh(worker["id"])
    assert (await service.refresh(worker["id"]))["events"] == []


async def test_callers_at_the_same_moment_share_one_run(service: RunningService) -> None:
    worker = await service.worker("cml-worker-00002")
    service.simulator.faults.set("slow", worker=worker["name"], parameters={"seconds": 0.3})
    results = await asyncio.gather(*(service.refresh(worker["id"]) for _ in range(8)))
    service.simulator.faults.clear("slow", worker=worker["name"])
    assert len({result["started_at"] for result in results}) == 1
    later = await service.refresh(worker["id"])
    assert later["started_at"] > results[0]["started_at"]


async def test_a_failing_source_is_in_the_result_and_the_answer_is_200(service: RunningService) -> None:
    worker = await service.worker("cml-worker-00002")
    service.simulator.faults.set("html", worker=worker["name"])
    failed = await service.refresh(worker["id"])
    service.simulator.faults.clear("html", worker=worker["name"])
    healed = await service.refresh(worker["id"])
    assert failed["sources"]["cml"]["outcome"] == "error"
    assert failed["sources"]["cml"]["error_code"] == "bad_response"
    assert failed["sources"]["ec2"]["outcome"] == "ok"
    assert "CMLWorkerSourceFailingDomainEvent" in failed["events"]
    assert healed["sources"]["cml"]["outcome"] == "ok"
    assert "CMLWorkerSourceRecoveredDomainEvent" in healed["events"]


async def test_a_denied_call_names_the_permission(service: RunningService) -> None:
    worker = await service.worker("cml-worker-00001")
    service.simulator.faults.set("denied", operation="GetMetricData")
    result = await service.refresh(worker["id"])
    service.simulator.faults.clear("denied")
    report = result["sources"]["cloudwatch"]
    assert (report["outcome"], report["error_code"]) == ("error", "access_denied")
    assert "cloudwatch:GetMetricData" in report["reason"]
    assert result["sources"]["cml"]["outcome"] == "ok"


@pytest.mark.parametrize("worker_id", ["w-none", "%20", "i-0123456789abcdef0", "w" * 2000])
async def test_an_unknown_worker_is_404(service: RunningService, worker_id: str) -> None:
    answer = await service.client.post(f"/api/v1/workers/{worker_id}/refresh")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "no worker has the id" in answer.json()["detail"]


async def test_many_are_an_operation_to_follow(service: RunningService) -> None:
    before = await service.workers()
    answer = await service.client.post(MANY, json={})
    assert answer.status_code == 202
    started = answer.json()
    assert answer.headers["Location"] == f"/api/v1/operations/{started['id']}"
    assert (started["kind"], started["created_by"], started["total"]) == ("refresh", "bootstrap", len(before))
    operation = await _finished(service, answer.headers["Location"])
    assert operation["state"] == "done"
    assert operation["done"] == operation["total"] == len(before)
    assert {(item["worker_id"], item["name"]) for item in operation["items"]} == {
        (worker["id"], worker["name"]) for worker in before
    }
    assert all(item["state"] == "done" for item in operation["items"])
    listed = (await service.client.get("/api/v1/operations")).json()["items"]
    assert operation["id"] in [entry["id"] for entry in listed]
    after = {worker["id"]: worker for worker in await service.workers()}
    assert all(after[worker["id"]]["last_refreshed_at"] > worker["last_refreshed_at"] for worker in before)


@pytest.mark.parametrize(
    ("body", "total"),
    [
        ({"region": "us-east-1"}, 3),
        ({"region": "eu-west-1"}, 0),
        ({"status": "stopped"}, 0),
        ({"health": "ready"}, 3),
        ({"label": "chosen=yes"}, 1),
        ({"label": "chosen"}, 1),
        ({"worker_ids": []}, 0),
    ],
)
async def test_many_are_selected(service: RunningService, body: dict[str, Any], total: int) -> None:
    worker = await service.worker("cml-worker-00003")
    await service.client.patch(f"/api/v1/workers/{worker['id']}", json={"labels": {"chosen": "yes"}})
    answer = await service.client.post(MANY, json=body)
    assert answer.status_code == 202, answer.text
    operation = await _finished(service, answer.headers["Location"])
    assert (operation["state"], operation["total"]) == ("done", total)


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("q=00002", 1),
        ("q=nobody", 0),
        ("cpu_utilization.gte=0&status=running&limit=1&offset=2", 3),
        ("health=off", 0),
    ],
)
async def test_many_are_selected_as_a_list_shows_them(service: RunningService, query: str, total: int) -> None:
    answer = await service.client.post(f"{MANY}?{query}", json={})
    assert answer.status_code == 202, answer.text
    operation = await _finished(service, answer.headers["Location"])
    assert (operation["state"], operation["total"]) == ("done", total)


@pytest.mark.parametrize(
    ("query", "body", "told"),
    [
        ("q=a", {"region": "us-east-1"}, "either by the body or by parameters"),
        ("q=a", {"worker_ids": []}, "either by the body or by parameters"),
        ("colour=red", {}, "unknown parameter 'colour'"),
    ],
)
async def test_what_selects_in_two_ways_or_none_is_refused(
    service: RunningService, query: str, body: dict[str, Any], told: str
) -> None:
    answer = await service.client.post(f"{MANY}?{query}", json=body)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


async def test_named_ones_are_refreshed_once_each(service: RunningService) -> None:
    ids = [worker["id"] for worker in await service.workers()][:2]
    answer = await service.client.post(MANY, json={"worker_ids": [*ids, ids[0]]})
    operation = await _finished(service, answer.headers["Location"])
    assert [item["worker_id"] for item in operation["items"]] == ids
    assert None not in [item["name"] for item in operation["items"]]


async def test_an_operation_says_whose_source_fails(service: RunningService) -> None:
    worker = await service.worker("cml-worker-00002")
    service.simulator.faults.set("bad-gateway", worker=worker["name"])
    answer = await service.client.post(MANY, json={"worker_ids": [worker["id"]]})
    operation = await _finished(service, answer.headers["Location"])
    service.simulator.faults.clear("bad-gateway", worker=worker["name"])
    assert "cml: not_ready" in operation["items"][0]["detail"]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"worker_ids": ["w-none"]}, 404, ["'w-none'"]),
        ({"worker_ids": ["w-none"], "region": "us-east-1"}, 422, ["worker_ids", "region"]),
        ({"status": "broken"}, 422, ["'broken'", "running"]),
        ({"health": "fine"}, 422, ["'fine'", "degraded"]),
        ({"regions": "us-east-1"}, 422, ["regions"]),
        ({"worker_ids": "w-1"}, 422, ["worker_ids"]),
        ({"label": "=x"}, 422, ["key=value"]),
    ],
)
async def test_a_selection_that_makes_no_sense_is_refused(
    service: RunningService, body: dict[str, Any], status: int, told: list[str]
) -> None:
    answer = await service.client.post(MANY, json=body)
    assert answer.status_code == status, answer.text
    for word in told:
        assert word in answer.json()["detail"]


async def test_an_unknown_operation_is_404(service: RunningService) -> None:
    answer = await service.client.get("/api/v1/operations/op-none")
    assert answer.status_code == 404
    assert "'op-none'" in answer.json()["detail"]
