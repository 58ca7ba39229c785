"""Adopting by ids or tags, and forgetting."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from tests.support.service import RunningService, running_service
from tests.support.waiting import until

from cmlfleet.simulator.fleet import SimulatedWorker

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT = "/api/v1/workers/import"
HOME = "us-east-1"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def empty(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RunningService]:
    """Twelve instances in EC2, none adopted when a test begins; the sweep adopts what is tagged."""
    async with running_service(
        tmp_path_factory.mktemp("empty"), workers=12, discovery_tags="adopt=me", discovery_interval="1"
    ) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def service(empty: RunningService) -> AsyncGenerator[RunningService]:
    yield empty
    for worker in await empty.workers():
        await empty.client.delete(f"/api/v1/workers/{worker['id']}")


def _instance_id(service: RunningService, number: int) -> str:
    return service.simulator.fleet.worker(f"cml-worker-{number:05}").instance.instance_id


def _tag(worker: SimulatedWorker) -> None:
    """What somebody does in the AWS console."""
    worker.instance.tags["adopt"] = "me"
    worker.instance.touch()


async def _import(service: RunningService, **body: Any) -> httpx2.Response:
    return await service.client.post(AT, json={"region": HOME, **body})


async def test_imported_by_id_and_refreshed_after_the_answer(service: RunningService) -> None:
    answer = await _import(service, instance_ids=[_instance_id(service, 1)])
    assert answer.status_code == 200
    result = answer.json()
    assert result["already_known"] == result["not_found"] == []
    (worker,) = result["imported"]
    assert worker["name"] == "cml-worker-00001"
    assert worker["status"] == "running"

    async def refreshed() -> bool:
        return (await service.worker("cml-worker-00001"))["cml_version"] is not None

    await until(refreshed, timeout_seconds=10, what="the first refresh")
    operation = (await service.client.get(f"/api/v1/operations/{result['operation_id']}")).json()
    assert (operation["kind"], operation["created_by"], operation["total"]) == ("import", "bootstrap", 1)
    assert [item["worker_id"] for item in operation["items"]] == [worker["id"]]


async def test_importing_again_changes_nothing(service: RunningService) -> None:
    instance_id = _instance_id(service, 1)
    first = (await _import(service, instance_ids=[instance_id, instance_id])).json()
    again = (await _import(service, instance_ids=[instance_id])).json()
    known = [first["imported"][0]["id"]]
    assert again == {"operation_id": None, "imported": [], "already_known": known, "not_found": []}
    assert len(await service.workers()) == 1


async def test_unknown_ids_are_reported_and_harm_nobody(service: RunningService) -> None:
    unknown = ["i-0123456789abcdef0", "not-an-id", "i-123", "i-ABCDEF0123456789a"]
    answer = await _import(service, instance_ids=[unknown[0], _instance_id(service, 2), *unknown[1:]])
    assert answer.status_code == 200
    assert answer.json()["not_found"] == unknown
    assert [worker["name"] for worker in answer.json()["imported"]] == ["cml-worker-00002"]


async def test_imported_by_tags_that_must_all_match(service: RunningService) -> None:
    fleet = service.simulator.fleet.workers.values()
    support = {worker.name for worker in fleet if worker.instance.tags["team"] == "support"}
    assert 0 < len(support) < len(fleet)
    result = (await _import(service, tags={"team": "support", "cmlfleet:managed": "true"})).json()
    assert {worker["name"] for worker in result["imported"]} == support
    none = (await _import(service, tags={"team": "support", "cmlfleet:managed": "false"})).json()
    assert none == {"operation_id": None, "imported": [], "already_known": [], "not_found": []}


async def test_a_dry_run_says_what_would_be_and_does_nothing(service: RunningService) -> None:
    instance_ids = [_instance_id(service, 3), "i-0123456789abcdef0"]
    result = (await _import(service, instance_ids=instance_ids, dry_run=True)).json()
    assert [worker["name"] for worker in result["imported"]] == ["cml-worker-00003"]
    assert result["not_found"] == ["i-0123456789abcdef0"]
    assert await service.workers() == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"region": "eu-west-1", "tags": {"a": "b"}}, ["'eu-west-1'", HOME]),
        ({"region": HOME, "account_id": "999999999999", "tags": {"a": "b"}}, ["'999999999999'", "111122223333"]),
        ({"region": HOME}, ["instance_ids", "tags"]),
        ({"instance_ids": ["i-1"]}, ["region"]),
        ({"region": HOME, "instance_ids": "i-1"}, ["instance_ids", "list"]),
        ({"region": HOME, "instance_ids": ["i-1"], "dry_run": "yes"}, ["dry_run"]),
        ({"region": HOME, "instance_ids": ["i-1"], "instances": []}, ["instances"]),
        ({"region": HOME, "instance_ids": ["i-1"] * 1001}, ["instance_ids", "1000"]),
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused_naming_what_is_right(
    service: RunningService, body: dict[str, Any], told: list[str]
) -> None:
    answer = await service.client.post(AT, json=body)
    assert answer.status_code == 422, answer.text
    for word in told:
        assert word in answer.json()["detail"]


async def test_aws_that_cannot_be_asked_is_503_with_a_time_to_come_back(service: RunningService) -> None:
    service.simulator.faults.set("dead-region", operation="DescribeInstances")
    answer = await _import(service, instance_ids=[_instance_id(service, 1)])
    service.simulator.faults.clear("dead-region")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


async def test_what_aws_denies_is_502_that_names_the_permission(service: RunningService) -> None:
    service.simulator.faults.set("denied", operation="DescribeInstances")
    answer = await _import(service, instance_ids=[_instance_id(service, 1)])
    service.simulator.faults.clear("denied")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (502, None)
    assert "ec2:DescribeInstances" in answer.json()["detail"]


async def test_a_forgotten_worker_is_gone_but_for_its_history(service: RunningService) -> None:
    (worker,) = (await _import(service, instance_ids=[_instance_id(service, 4)])).json()["imported"]
    at = f"/api/v1/workers/{worker['id']}"
    assert (await service.client.delete(at)).status_code == 204
    assert (await service.client.get(at)).status_code == 404
    assert (await service.client.delete(at)).status_code == 404
    assert (await service.client.post(f"{at}/refresh")).status_code == 404
    assert worker["id"] not in [entry["id"] for entry in await service.workers()]
    events = (await service.client.get("/api/v1/events", params={"worker_id": worker["id"]})).json()["items"]
    assert events[0]["type"] == "CMLWorkerForgottenDomainEvent"
    assert events[0]["actor"] == "bootstrap"


async def test_a_forgotten_instance_is_adopted_again_only_by_an_import(service: RunningService) -> None:
    fleet = list(service.simulator.fleet.workers.values())
    first, second, third = [worker for worker in fleet[4:] if worker.instance.tags["team"] != "support"][:3]
    _tag(first)
    _tag(second)

    async def adopted(name: str) -> bool:
        return name in [worker["name"] for worker in await service.workers()]

    for tagged in (first, second):
        await until(lambda tagged=tagged: adopted(tagged.name), timeout_seconds=10, what="the sweep's adoption")
    known = {tagged.name: await service.worker(tagged.name) for tagged in (first, second)}
    for record in known.values():
        await service.client.delete(f"/api/v1/workers/{record['id']}")
    # Another one, tagged only now: once it is adopted, a whole sweep has passed over the forgotten ones.
    _tag(third)
    await until(lambda: adopted(third.name), timeout_seconds=10, what="the next sweep")
    assert not await adopted(first.name)
    assert not await adopted(second.name)
    (again,) = (await _import(service, instance_ids=[first.instance.instance_id])).json()["imported"]
    assert again["id"] != known[first.name]["id"]
    assert again["name"] == first.name
