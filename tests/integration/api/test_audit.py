"""Who did, or tried, what: over HTTP, with addresses, and as JSON lines."""

import json
from typing import Any

import pytest
from tests.support.service import RunningService

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _entries(service: RunningService, **criteria: str) -> list[dict[str, Any]]:
    answer = await service.client.get("/api/v1/audit", params=criteria)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_a_change_is_written_with_before_and_after_and_from_where(service: RunningService) -> None:
    worker_id = (await service.workers())[0]["id"]
    await service.client.patch(f"/api/v1/workers/{worker_id}", json={"note": "first"})
    await service.client.patch(f"/api/v1/workers/{worker_id}", json={"note": "second"})
    newest = (await _entries(service, action="UpdateWorkerCommand", worker_id=worker_id))[0]
    assert (newest["actor"], newest["actor_kind"], newest["address"]) == ("bootstrap", "bootstrap", "127.0.0.1")
    assert newest["result"] == "done"
    (change,) = newest["changes"]
    assert (change["before"]["note"], change["after"]["note"]) == ("first", "second")


async def test_what_a_role_does_not_allow_is_written(service: RunningService) -> None:
    worker_id = (await service.workers())[0]["id"]
    headers = service.as_(await service.token_of("viewer"))
    answer = await service.client.delete(f"/api/v1/workers/{worker_id}", headers=headers)
    assert answer.status_code == 403
    newest = (await _entries(service, result="refused", actor="test viewer"))[0]
    assert (newest["action"], newest["worker_id"]) == ("ForgetWorkerCommand", worker_id)
    assert "operator" in newest["detail"]


async def test_a_token_that_nobody_has_is_written_and_not_shown(service: RunningService) -> None:
    answer = await service.client.get("/api/v1/workers", headers=service.as_("guessed-and-wrong"))
    assert answer.status_code == 401
    signing_in = await service.client.post("/api/v1/session", json={"token": "guessed-and-wrong-too"})
    assert signing_in.status_code == 401
    found = await _entries(service, actor="anyone", result="refused")
    assert found[0]["address"] == "127.0.0.1"
    assert "guessed-and-wrong" not in json.dumps(await _entries(service))


async def test_credentials_and_tokens_are_never_in_the_trail(service: RunningService) -> None:
    worker_id = (await service.workers())[0]["id"]
    body = {"username": "admin", "password": "canary-password"}
    await service.client.put(f"/api/v1/workers/{worker_id}/credentials", json=body)
    made = (await service.client.post("/api/v1/tokens", json={"name": "audited", "role": "viewer"})).json()
    await service.client.delete(f"/api/v1/tokens/{made['record']['id']}")
    trail = json.dumps(await _entries(service, limit="1000"))
    assert "canary-password" not in trail
    assert made["token"] not in trail
    revoked = (await _entries(service, action="RevokeTokenCommand"))[0]
    assert revoked["changes"][0]["before"]["name"] == "audited"


async def test_only_an_admin_reads_it_and_nobody_changes_it(service: RunningService) -> None:
    for role in ("viewer", "operator"):
        headers = service.as_(await service.token_of(role))
        for path in ("/api/v1/audit", "/api/v1/audit/export"):
            assert (await service.client.get(path, headers=headers)).status_code == 403
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await service.client.request(method, "/api/v1/audit")).status_code == 405


async def test_the_export_is_every_entry_as_a_line(service: RunningService) -> None:
    for _ in range(3):
        await service.client.post("/api/v1/workers/refresh", json={"worker_ids": []})
    answer = await service.client.get("/api/v1/audit/export", params={"action": "RefreshWorkersCommand"})
    assert answer.headers["content-type"] == "application/jsonl"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert len(lines) >= 3
    assert {line["action"] for line in lines} == {"RefreshWorkersCommand"}
    assert lines == await _entries(service, action="RefreshWorkersCommand")


async def test_pages_follow_each_other(service: RunningService) -> None:
    whole = await _entries(service, limit="1000")
    first = (await service.client.get("/api/v1/audit", params={"limit": "2"})).json()
    second = (await service.client.get("/api/v1/audit", params={"limit": "2", "cursor": first["next_cursor"]})).json()
    assert [*first["items"], *second["items"]] == whole[:4]
    bad = await service.client.get("/api/v1/audit", params={"cursor": "nonsense"})
    assert bad.status_code == 422
