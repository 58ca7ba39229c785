"""API tokens: shown once, ended when they expire, refused when they make no sense."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from tests.support.service import RunningService

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKENS = "/api/v1/tokens"


async def _made(service: RunningService, **body: Any) -> dict[str, Any]:
    answer = await service.client.post(TOKENS, json={"name": f"of a test {uuid4()}", "role": "viewer", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_token_is_listed_without_its_text(service: RunningService) -> None:
    made = await _made(service, name="ci", role="operator")
    listed = (await service.client.get(TOKENS)).json()
    record = next(entry for entry in listed["items"] if entry["id"] == made["record"]["id"])
    assert record == made["record"]
    assert (record["name"], record["role"], record["expires_at"]) == ("ci", "operator", None)
    assert made["token"] not in str(listed)
    assert listed["total"] == len(listed["items"])


async def test_an_expired_token_is_refused(service: RunningService) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    made = await _made(service, expires_at=ends.isoformat())
    assert (await service.client.get("/api/v1/me", headers=service.as_(made["token"]))).status_code == 200
    with time_machine.travel(ends + timedelta(seconds=1)):
        answer = await service.client.get("/api/v1/me", headers=service.as_(made["token"]))
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]


async def test_two_tokens_that_work_have_two_names(service: RunningService) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    first = await _made(service, name="Deploy", expires_at=ends.isoformat())
    second = {"name": " deploy ", "role": "viewer"}
    refused = await service.client.post(TOKENS, json=second)
    assert refused.status_code == 409
    assert f"'Deploy' already ({first['record']['id']})" in refused.json()["detail"]
    with time_machine.travel(ends + timedelta(seconds=1)):
        again = await service.client.post(TOKENS, json=second)
        assert again.status_code == 201
        await service.client.delete(f"{TOKENS}/{again.json()['record']['id']}")
    await service.client.delete(f"{TOKENS}/{first['record']['id']}")
    await _made(service, name="deploy")


async def test_a_token_is_revoked_once(service: RunningService) -> None:
    made = await _made(service)
    path = f"{TOKENS}/{made['record']['id']}"
    assert (await service.client.delete(path)).status_code == 204
    again = await service.client.delete(path)
    assert again.status_code == 404
    assert made["record"]["id"] in again.json()["detail"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"name": "", "role": "viewer"}, "name"),
        ({"name": "x", "role": "king"}, "role"),
        ({"name": "x"}, "role"),
        ({"role": "viewer"}, "name"),
        ({"name": "x", "role": "viewer", "expires_at": "soon"}, "expires_at"),
        ({"name": "x", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "x", "role": "viewer", "for": "ever"}, "for"),
    ],
)
async def test_a_token_that_makes_no_sense_is_refused(
    service: RunningService, body: dict[str, Any], told: str
) -> None:
    before = (await service.client.get(TOKENS)).json()["total"]
    answer = await service.client.post(TOKENS, json=body)
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["detail"]
    assert (await service.client.get(TOKENS)).json()["total"] == before
