"""A worker's own CML credentials: set, replaced, deleted, and never readable."""

from typing import Any

import pytest
from tests.support.service import RunningService

from cmlfleet.simulator.plans import CML_PASSWORD, CML_USERNAME

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAME = "cml-worker-00001"
SECRET = "a-secret-nobody-may-see-again"


async def _path(service: RunningService) -> str:
    return f"/api/v1/workers/{(await service.worker(NAME))['id']}"


async def _sign_in(service: RunningService) -> str | None:
    return (await service.refresh((await service.worker(NAME))["id"]))["sources"]["cml"]["error_code"]


async def _changes(service: RunningService) -> list[dict[str, Any]]:
    kind = "CMLWorkerCredentialsChangedDomainEvent"
    items = (await service.client.get(f"{await _path(service)}/events", params={"type": kind})).json()["items"]
    return [event["data"] for event in items]


async def test_they_are_used_at_once_replaced_and_deleted(service: RunningService) -> None:
    path = f"{await _path(service)}/credentials"
    assert await _sign_in(service) is None
    wrong = await service.client.put(path, json={"username": CML_USERNAME, "password": SECRET})
    assert (wrong.status_code, wrong.content) == (204, b"")
    assert await _sign_in(service) == "unauthorized"
    right = await service.client.put(path, json={"username": CML_USERNAME, "password": CML_PASSWORD})
    assert right.status_code == 204
    assert await _sign_in(service) is None
    expired = await service.client.put(path, json={"token": SECRET})
    assert expired.status_code == 204
    assert await _sign_in(service) == "unauthorized"
    deleted = await service.client.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert await _sign_in(service) is None
    assert await _changes(service) == [
        {"before": "own", "after": "fleet"},
        {"before": "own", "after": "own"},
        {"before": "own", "after": "own"},
        {"before": "fleet", "after": "own"},
    ]


async def test_deleting_what_is_not_there_changes_nothing(service: RunningService) -> None:
    before = await _changes(service)
    assert (await service.client.delete(f"{await _path(service)}/credentials")).status_code == 204
    assert await _changes(service) == before


async def test_nothing_shows_them_again(service: RunningService, caplog: pytest.LogCaptureFixture) -> None:
    path = await _path(service)
    await service.client.put(f"{path}/credentials", json={"username": "root", "password": SECRET})
    await _sign_in(service)
    shown = [
        (await service.client.get(at)).text
        for at in (path, f"{path}/events", f"{path}/labs", "/api/v1/events", "/api/v1/workers", "/api/v1/system")
    ]
    shown.append((await service.client.post(f"{path}/diagnose")).text)
    assert (await service.client.get(f"{path}/credentials")).status_code == 405
    await service.client.delete(f"{path}/credentials")
    assert SECRET not in "".join(shown)
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "a"},
        {"password": SECRET},
        {"username": "a", "password": SECRET, "token": SECRET},
        {"username": "", "password": SECRET},
        {"username": "a", "password": 7},
        {"username": "a", "password": SECRET, "passphrase": SECRET},
        {"username": "a", "password": SECRET + "\x00"},
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_without_repeating_it(
    service: RunningService, body: dict[str, Any]
) -> None:
    answer = await service.client.put(f"{await _path(service)}/credentials", json=body)
    assert answer.status_code == 422, answer.text
    assert SECRET not in answer.text
    assert answer.json()["detail"]


async def test_of_an_unknown_worker_is_404(service: RunningService) -> None:
    body = {"username": "a", "password": "b"}
    assert (await service.client.put("/api/v1/workers/w-none/credentials", json=body)).status_code == 404
    assert (await service.client.delete("/api/v1/workers/w-none/credentials")).status_code == 404
