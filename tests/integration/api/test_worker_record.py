"""What people write on a record, and forgetting it: the instance lives on and only an import adopts it again."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.service import RunningService, running_service
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST = "cml-worker-00001"


async def _patch(service: RunningService, body: dict[str, Any], name: str = FIRST) -> dict[str, Any]:
    worker = await service.worker(name)
    answer = await service.client.patch(f"/api/v1/workers/{worker['id']}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_labels_are_merged_and_null_removes_one(service: RunningService) -> None:
    assert (await _patch(service, {"labels": {"team": "blue", "course": "bgp"}}))["labels"] == {
        "team": "blue",
        "course": "bgp",
    }
    assert (await _patch(service, {"labels": {"course": None, "room": "12"}}))["labels"] == {
        "team": "blue",
        "room": "12",
    }
    assert (await service.worker(FIRST))["labels"] == {"team": "blue", "room": "12"}


async def test_a_label_that_somebody_else_changed_meanwhile_is_not_overwritten(service: RunningService) -> None:
    worker = await _patch(service, {"labels": {"room": "1", "floor": "g"}})
    mine = {"labels": {"room": "2"}, "expected_labels": {"room": "1"}}
    await _patch(service, {"labels": {"room": "9"}})
    lost = await service.client.patch(f"/api/v1/workers/{worker['id']}", json=mine)
    assert (lost.status_code, lost.json()["detail"]) == (409, "the label 'room' was changed meanwhile: it is '9' now")
    assert (await service.worker(FIRST))["labels"]["room"] == "9"
    await _patch(service, {"labels": {"room": None}})
    gone = await service.client.patch(f"/api/v1/workers/{worker['id']}", json=mine)
    assert gone.json()["detail"] == "the label 'room' was changed meanwhile: it is gone now"
    added = await _patch(service, {"labels": {"room": "3"}, "expected_labels": {"room": None, "floor": "g"}})
    assert added["labels"]["room"] == "3"
    await _patch(service, {"labels": {"room": None, "floor": None}})


async def test_a_change_of_the_version_that_was_read_is_made_and_of_another_refused(service: RunningService) -> None:
    worker = await service.worker(FIRST)
    path = f"/api/v1/workers/{worker['id']}"
    read = await service.client.get(path)
    tag = read.headers["ETag"]
    assert tag == f'"{read.json()["version"]}"'

    changed = await service.client.patch(path, json={"note": "first"}, headers={"If-Match": f'"other", {tag}'})
    assert (changed.status_code, changed.json()["note"]) == (200, "first")
    assert changed.headers["ETag"] == f'"{changed.json()["version"]}"' != tag
    for stale in (tag, f"W/{changed.headers['ETag']}", '"other"'):
        refused = await service.client.patch(path, json={"note": "second"}, headers={"If-Match": stale})
        assert refused.status_code == 412
        assert refused.json()["detail"] == (
            f"the worker is not as it was read any more: its version is {changed.json()['version']} now"
        )
    assert (await service.worker(FIRST))["note"] == "first"
    anything = await service.client.patch(path, json={"note": None}, headers={"If-Match": "*"})
    assert (anything.status_code, anything.json()["note"]) == (200, None)


@pytest.mark.parametrize("given", ["12", "", '"12', '"1" "2"'])
async def test_a_version_that_is_none_is_told_how_one_looks(service: RunningService, given: str) -> None:
    worker = await service.worker(FIRST)
    answer = await service.client.patch(
        f"/api/v1/workers/{worker['id']}", json={"note": "x"}, headers={"If-Match": given}
    )
    assert answer.status_code == 422
    assert "ETag" in answer.json()["detail"]


async def test_a_note_stays_until_it_is_replaced_or_removed(service: RunningService) -> None:
    assert (await _patch(service, {"note": "of Dana\nuntil Friday"}))["note"] == "of Dana\nuntil Friday"
    assert (await _patch(service, {"labels": {"x": "y"}}))["note"] == "of Dana\nuntil Friday"
    assert (await _patch(service, {"note": None}))["note"] is None


async def test_a_change_that_changes_nothing_is_no_event(service: RunningService) -> None:
    worker = await _patch(service, {"labels": {"same": "same"}, "note": "same"})
    path = f"/api/v1/workers/{worker['id']}/events"
    before = (await service.client.get(path)).json()["total"]
    await _patch(service, {"labels": {"same": "same"}, "note": "same"})
    await _patch(service, {})
    assert (await service.client.get(path)).json()["total"] == before


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"labels": {"": "x"}}, "labels"),
        ({"labels": {"a=b": "x"}}, "labels"),
        ({"labels": {"a": "x" * 257}}, "labels.a"),
        ({"labels": {"a": 7}}, "labels.a"),
        ({"labels": {str(number): "x" for number in range(101)}}, "labels"),
        ({"note": "x" * 4097}, "note"),
        ({"note": 7}, "note"),
        ({"name": "other"}, "name"),
        ({"status": "running"}, "status"),
        ([], "body"),
    ],
)
async def test_what_cannot_be_written_is_refused_and_names_the_field(
    service: RunningService, body: Any, told: str
) -> None:
    worker = await service.worker(FIRST)
    answer = await service.client.patch(f"/api/v1/workers/{worker['id']}", json=body)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert told in problem["detail"]
    assert problem["errors"][0]["message"]
    assert (await service.worker(FIRST))["version"] == worker["version"]


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b'{"note": NaN}'])
async def test_what_is_no_json_is_refused(service: RunningService, content: bytes) -> None:
    worker = await service.worker(FIRST)
    answer = await service.client.patch(
        f"/api/v1/workers/{worker['id']}", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_an_unknown_worker_is_404(service: RunningService) -> None:
    for method, body in (("GET", None), ("PATCH", {"note": "x"}), ("DELETE", None)):
        answer = await service.client.request(method, "/api/v1/workers/w-none", json=body)
        assert answer.status_code == 404
        assert answer.json() == {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "no worker has the id 'w-none'",
            "instance": "/api/v1/workers/w-none",
        }


async def test_a_forgotten_worker_is_adopted_again_only_by_an_explicit_import(tmp_path: Path) -> None:
    tags = "cmlfleet:managed=true"
    async with running_service(tmp_path, workers=2, discovery_tags=tags, discovery_interval="1") as service:

        async def both_are_there() -> bool:
            return len(await service.workers()) == 2

        await until(both_are_there, timeout_seconds=20, what="both to be adopted by their tags")
        worker = await service.worker(FIRST)
        assert (await service.client.delete(f"/api/v1/workers/{worker['id']}")).status_code == 204
        assert (await service.client.delete(f"/api/v1/workers/{worker['id']}")).status_code == 404
        sweeps = service.simulator.ledger.total("DescribeInstances")

        async def swept_three_times_since() -> bool:
            return service.simulator.ledger.total("DescribeInstances") >= sweeps + 3

        await until(swept_three_times_since, timeout_seconds=20, what="three more sweeps")
        assert [entry["name"] for entry in await service.workers()] == ["cml-worker-00002"]
        gone = await service.client.get(f"/api/v1/workers/{worker['id']}")
        assert gone.status_code == 404
        assert service.simulator.fleet.workers[FIRST].instance.state == "running"
        body = {"region": worker["region"], "instance_ids": [worker["instance_id"]]}
        imported = (await service.client.post("/api/v1/workers/import", json=body)).json()["imported"]
        assert [entry["instance_id"] for entry in imported] == [worker["instance_id"]]
        assert imported[0]["id"] != worker["id"]
        assert len(await service.workers()) == 2
