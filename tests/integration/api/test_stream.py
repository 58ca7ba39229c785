"""The event stream: only what changed, resumed without a gap, and never a stale screen that looks fresh."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from tests.support.event_stream import listening
from tests.support.service import RunningService
from tests.support.waiting import until

from cmlfleet.api import stream

pytestmark = pytest.mark.asyncio(loop_scope="module")

COALESCE_SECONDS = 0.2  # tests need not wait as long as screens may
FIRST, SECOND, THIRD = (f"cml-worker-{number:05}" for number in (1, 2, 3))


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def settled(service: RunningService, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test before left behind is told before a test begins."""
    monkeypatch.setattr(stream, "COALESCE_SECONDS", COALESCE_SECONDS)
    async with listening(service.client) as listener:
        await _note(service, (await service.worker(SECOND))["id"], uuid4().hex)
        await listener.gets("fleet.updated")


async def _note(service: RunningService, worker_id: str, note: str) -> None:
    answer = await service.client.patch(f"/api/v1/workers/{worker_id}", json={"note": note})
    assert answer.status_code == 200, answer.text


async def test_an_update_carries_the_id_the_version_and_only_what_changed(service: RunningService) -> None:
    worker = await service.worker(FIRST)
    async with listening(service.client) as listener:
        await _note(service, worker["id"], "changed")
        await until(lambda: {"note": "changed"} in listener.changes_of(worker["id"]))
        await listener.gets("fleet.updated")
    update = next(event for event in listener.of("worker.updated") if event.data["changes"] == {"note": "changed"})
    assert update.data.keys() == {"id", "version", "changes"}
    assert update.data["version"] == worker["version"] + 1


async def test_changes_laid_over_the_record_give_the_record(service: RunningService) -> None:
    before = await service.worker(SECOND)
    async with listening(service.client) as listener:
        service.simulator.faults.set("bad-gateway", worker=SECOND)
        await service.refresh(before["id"])
        service.simulator.faults.clear("bad-gateway", worker=SECOND)
        await service.client.patch(f"/api/v1/workers/{before['id']}", json={"labels": {"team": "blue"}})
        result = await service.refresh(before["id"])
        version = result["worker"]["version"]
        await until(lambda: any(event.data.get("version") == version for event in listener.of("worker.updated")))
        rebuilt: dict[str, Any] = dict(before)
        for changes in listener.changes_of(before["id"]):
            rebuilt |= changes
    after = await service.worker(SECOND)
    moves_on = {"version", "monitoring", "cml_uptime_seconds"}
    assert {key for key in after if rebuilt[key] != after[key]} <= moves_on


async def test_many_changes_of_a_moment_are_one_message(service: RunningService) -> None:
    worker = await service.worker(FIRST)
    async with listening(service.client) as listener:
        for number in range(30):
            await _note(service, worker["id"], str(number))
        await until(lambda: {"note": "29"} in listener.changes_of(worker["id"]), timeout_seconds=15)
        assert len(listener.changes_of(worker["id"])) < 15


async def test_a_change_that_is_taken_back_within_the_moment_says_nothing(service: RunningService) -> None:
    worker = await service.worker(FIRST)
    async with listening(service.client) as listener:
        await _note(service, worker["id"], "other")
        await _note(service, worker["id"], worker["note"] or "")
        await _note(service, (await service.worker(THIRD))["id"], "the last word")
        await listener.gets("worker.updated")
        assert all(changes["note"] != "other" or len(changes) == 1 for changes in listener.changes_of(worker["id"]))


async def test_an_operation_is_told_from_its_beginning_to_its_end(service: RunningService) -> None:
    async with listening(service.client) as listener:
        started = (await service.client.post("/api/v1/workers/refresh", json={})).json()
        await until(lambda: any(event.data["state"] == "done" for event in listener.of("operation.updated")))
        told = [event.data for event in listener.of("operation.updated") if event.data["id"] == started["id"]]
    assert [entry["done"] for entry in told] == sorted(entry["done"] for entry in told)
    assert told[-1]["done"] == told[-1]["total"] == started["total"]
    listed = (await service.client.get(f"/api/v1/operations/{started['id']}")).json()
    shared = told[-1].keys() & listed.keys()
    assert shared >= {"id", "kind", "state", "done", "total", "created_by", "created_at", "finished_at"}
    assert {key: told[-1][key] for key in shared} == {key: listed[key] for key in shared}


async def test_a_listener_comes_back_without_a_gap(service: RunningService) -> None:
    worker = await service.worker(FIRST)
    async with listening(service.client) as listener:
        await _note(service, worker["id"], "seen")
        (seen,) = await listener.gets("worker.updated")
    await _note(service, worker["id"], "missed")
    await _note(service, (await service.worker(THIRD))["id"], "missed too")
    async with listening(service.client, last_event_id=seen.id) as again:
        await again.gets("worker.updated", count=2)
        await _note(service, worker["id"], "after")
        await until(lambda: {"note": "after"} in again.changes_of(worker["id"]))
    assert again.of("reset") == []
    assert [changes["note"] for changes in again.changes_of(worker["id"])] == ["missed", "after"]
    numbers = [event.id for event in again.events]
    assert len(numbers) == len(set(numbers))


async def test_who_saw_nothing_yet_comes_back_without_a_gap_too(service: RunningService) -> None:
    worker = await service.worker(FIRST)
    async with listening(service.client) as listener:
        assert listener.events == []
        assert listener.last_event_id is not None
    await _note(service, worker["id"], "while nobody listened")
    async with listening(service.client, last_event_id=listener.last_event_id) as again:
        await again.gets("worker.updated")
    assert again.of("reset") == []
    assert again.changes_of(worker["id"]) == [{"note": "while nobody listened"}]


@pytest.mark.parametrize("last_event_id", ["nonsense", "00000000-7", "-", "x" * 5000])
async def test_an_id_that_is_not_known_gives_one_reset_and_then_what_happens(
    service: RunningService, last_event_id: str
) -> None:
    worker = await service.worker(FIRST)
    async with listening(service.client, last_event_id=last_event_id) as listener:
        await listener.gets("reset")
        await _note(service, worker["id"], f"after {len(last_event_id)} {last_event_id[:3]}")
        await listener.gets("worker.updated")
    assert listener.events[0].event == "reset"
    assert len(listener.of("reset")) == 1


async def test_an_id_of_the_future_gives_a_reset(service: RunningService) -> None:
    async with listening(service.client) as listener:
        epoch, _, number = (listener.last_event_id or "").partition("-")
    async with listening(service.client, last_event_id=f"{epoch}-{int(number) + 1000}") as again:
        await again.gets("reset")


async def test_a_forgotten_worker_is_removed_and_an_imported_one_comes_whole(service: RunningService) -> None:
    worker = await service.worker(THIRD)
    async with listening(service.client) as listener:
        assert (await service.client.delete(f"/api/v1/workers/{worker['id']}")).status_code == 204
        (removed,) = await listener.gets("worker.removed")
        assert removed.data == {"id": worker["id"]}
        await listener.gets("fleet.updated")
        body = {"region": worker["region"], "instance_ids": [worker["instance_id"]]}
        imported = (await service.client.post("/api/v1/workers/import", json=body)).json()["imported"][0]
        await until(lambda: any(changes.get("name") == THIRD for changes in listener.changes_of(imported["id"])))
        whole = listener.changes_of(imported["id"])[0]
    assert whole.keys() >= imported.keys() - {"version"}


async def test_compression_holds_nothing_back(service: RunningService) -> None:
    worker = await service.worker(FIRST)
    async with listening(service.client, **{"Accept-Encoding": "gzip"}) as listener:
        await _note(service, worker["id"], "prompt")
        await listener.gets("worker.updated")


async def test_every_listener_hears_the_same(service: RunningService) -> None:
    worker = await service.worker(FIRST)
    async with listening(service.client) as one, listening(service.client) as two:
        await _note(service, worker["id"], "for all")
        await asyncio.gather(one.gets("fleet.updated"), two.gets("fleet.updated"))
    assert one.events == two.events
