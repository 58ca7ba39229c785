"""The domain events: newest first, with who and what caused them, chosen and paged."""

from typing import Any

import pytest
from tests.support.service import RunningService
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENTS = "/api/v1/events"
FIELDS = {"id", "type", "worker_id", "worker_name", "occurred_at", "actor", "cause", "data"}


async def _events(service: RunningService, path: str = EVENTS, **parameters: Any) -> dict[str, Any]:
    answer = await service.client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_newest_first_with_actor_and_cause(service: RunningService) -> None:
    worker = await service.worker("cml-worker-00001")
    headers = service.as_(await service.token_of("operator"))
    for note in ("one", "two"):
        await service.client.patch(f"/api/v1/workers/{worker['id']}", json={"note": note}, headers=headers)
    newest, before, *rest = (await _events(service))["items"]
    assert newest.keys() == FIELDS
    assert (newest["type"], newest["worker_id"]) == ("CMLWorkerLabelsChangedDomainEvent", worker["id"])
    assert newest["worker_name"] == "cml-worker-00001"
    assert (newest["actor"], newest["cause"]) == ("test operator", "UpdateWorkerCommand")
    assert newest["data"]["before"]["note"] == before["data"]["after"]["note"] == "one"
    assert newest["data"]["after"]["note"] == "two"
    assert newest["occurred_at"].endswith("Z")
    assert {event["cause"] for event in rest} >= {"ImportWorkersCommand", "RefreshWorkerMetricsCommand"}
    assert {event["actor"] for event in rest} >= {"bootstrap"}


async def test_they_are_chosen_by_worker_type_and_actor(service: RunningService) -> None:
    worker = await service.worker("cml-worker-00002")
    of_worker = (await _events(service, worker_id=worker["id"]))["items"]
    assert {event["worker_id"] for event in of_worker} == {worker["id"]}
    assert of_worker == (await _events(service, f"/api/v1/workers/{worker['id']}/events"))["items"]
    kinds = ["CMLWorkerImportedDomainEvent", "CMLReadinessChangedDomainEvent"]
    typed = (await _events(service, worker_id=worker["id"], type=",".join(kinds)))["items"]
    assert sorted(event["type"] for event in typed) == sorted(kinds)
    assert (await _events(service, actor="nobody"))["total"] == 0


async def test_they_are_chosen_by_time(service: RunningService) -> None:
    everything = (await _events(service, limit=1000))["items"]
    moment = everything[len(everything) // 2]["occurred_at"]
    later = (await _events(service, limit=1000, **{"from": moment}))["items"]
    earlier = (await _events(service, limit=1000, to=moment))["items"]
    assert later == [event for event in everything if event["occurred_at"] >= moment]
    assert earlier == [event for event in everything if event["occurred_at"] < moment]


async def test_pages_hold_each_once_although_new_ones_arrive(service: RunningService) -> None:
    worker = await service.worker("cml-worker-00003")
    total = (await _events(service))["total"]
    expected = [event["id"] for event in (await _events(service, limit=1000))["items"]]
    found: list[str] = []
    page = await _events(service, limit=7)
    while True:
        found += [event["id"] for event in page["items"]]
        if page["next_cursor"] is None:
            break
        await service.client.patch(f"/api/v1/workers/{worker['id']}", json={"note": str(len(found))})
        page = await _events(service, limit=7, cursor=page["next_cursor"])
    assert found == expected
    assert len(found) == total


async def test_events_of_a_forgotten_worker_stay_in_the_fleets(service: RunningService) -> None:
    worker = await service.worker("cml-worker-00003")
    before = [event["id"] for event in (await _events(service, worker_id=worker["id"], limit=1000))["items"]]
    assert (await service.client.delete(f"/api/v1/workers/{worker['id']}")).status_code == 204
    gone = await service.client.get(f"/api/v1/workers/{worker['id']}/events")
    assert gone.status_code == 404
    after = (await _events(service, worker_id=worker["id"], limit=1000))["items"]
    assert (after[0]["type"], after[0]["worker_name"]) == ("CMLWorkerForgottenDomainEvent", None)
    assert [event["id"] for event in after[1:]] == before
    body = {"region": worker["region"], "instance_ids": [worker["instance_id"]]}
    assert (await service.client.post("/api/v1/workers/import", json=body)).status_code == 200

    async def read() -> bool:
        return (await service.worker("cml-worker-00003"))["last_refreshed_at"] is not None

    await until(read, what="the first reading")


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"type": "CMLWorkerStatusChanged"}, "CMLWorkerStatusChangedDomainEvent"),
        ({"type": "x"}, "CMLLabAppearedDomainEvent"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"worker": "w-1"}, "did you mean 'worker_id'"),
        ({"actor": "a\x00b"}, "NUL"),
        ({"from": "then"}, "from"),
    ],
)
@pytest.mark.parametrize("of_worker", [False, True])
async def test_a_choice_that_makes_no_sense_is_refused(
    service: RunningService, parameters: dict[str, str], told: str, of_worker: bool
) -> None:
    if of_worker and parameters.keys() & {"actor", "worker"}:
        told = "unknown parameter"
    path = f"/api/v1/workers/{(await service.worker('cml-worker-00001'))['id']}/events" if of_worker else EVENTS
    answer = await service.client.get(path, params=parameters)
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert told in answer.json()["detail"]


async def test_a_time_that_ends_before_it_begins_is_refused(service: RunningService) -> None:
    parameters = {"from": "2026-11-20T12:00:00Z", "to": "2026-11-20T11:00:00Z"}
    answer = await service.client.get("/api/v1/events", params=parameters)
    assert answer.status_code == 422
    assert "'from' must lie before 'to'" in answer.json()["detail"]
