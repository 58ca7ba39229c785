"""Nothing is open but what holds no data; each role may do its part and no more."""

import pytest
from tests.support.service import RunningService

from cmlfleet.api.app import OPEN, bare_app, openapi_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENT = openapi_of(bare_app())
ROUTES = sorted(
    (method.upper(), path)
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
    if (method, path) not in OPEN
)
ACTS = [
    ("POST", "/api/v1/workers/import", {"region": "us-east-1", "instance_ids": ["i-1"]}),
    ("POST", "/api/v1/workers/refresh", {}),
    ("PATCH", "/api/v1/workers/{id}", {"note": "x"}),
    ("DELETE", "/api/v1/workers/{id}", None),
    ("POST", "/api/v1/workers/{id}/refresh", None),
    ("PUT", "/api/v1/workers/{id}/credentials", {"username": "u", "password": "p"}),
    ("DELETE", "/api/v1/workers/{id}/credentials", None),
    ("PUT", "/api/v1/workers/{id}/certificate", {"fingerprint": "ab" * 32}),
    ("POST", "/api/v1/tokens", {"name": "x", "role": "viewer"}),
    ("GET", "/api/v1/tokens", None),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("token", [None, "wrong", "x" * 10_000])
async def test_every_route_refuses_who_is_not_signed_in(
    service: RunningService, method: str, path: str, token: str | None
) -> None:
    at = path.replace("{worker_id}", "w-1").replace("{operation_id}", "o-1").replace("{token_id}", "t-1")
    answer = await service.client.request(method, at, headers=service.as_(token), json={})
    assert answer.status_code == 401, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["instance"] == at


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/api/docs", "/api/v1/openapi.json"])
async def test_what_holds_no_data_needs_no_token(service: RunningService, path: str) -> None:
    answer = await service.client.get(path, headers=service.as_(None), follow_redirects=True)
    assert answer.status_code == 200


async def test_readiness_says_nothing_of_its_parts_to_strangers(service: RunningService) -> None:
    stranger = await service.client.get("/readyz", headers=service.as_(None))
    known = await service.client.get("/readyz")
    assert "database" not in stranger.text
    assert known.json()["parts"]["database"] == "ok"


@pytest.mark.parametrize(("method", "path", "body"), ACTS)
async def test_a_viewer_changes_nothing(
    service: RunningService, method: str, path: str, body: dict[str, object] | None
) -> None:
    worker_id = (await service.workers())[0]["id"]
    token = await service.token_of("viewer")
    answer = await service.client.request(
        method, path.replace("{id}", worker_id), json=body, headers=service.as_(token)
    )
    assert answer.status_code == 403, answer.text
    problem = answer.json()
    assert "viewer" in problem["detail"]
    assert "operator" in problem["detail"] or "admin" in problem["detail"]


@pytest.mark.parametrize(
    "path", ["/api/v1/workers", "/api/v1/fleet", "/api/v1/events", "/api/v1/labs", "/api/v1/me", "/metrics"]
)
async def test_a_viewer_reads(service: RunningService, path: str) -> None:
    answer = await service.client.get(path, headers=service.as_(await service.token_of("viewer")))
    assert answer.status_code == 200


async def test_an_operator_acts_but_does_not_configure(service: RunningService) -> None:
    headers = service.as_(await service.token_of("operator"))
    worker_id = (await service.workers())[0]["id"]
    refreshed = await service.client.post(f"/api/v1/workers/{worker_id}/refresh", headers=headers)
    token = await service.client.post("/api/v1/tokens", json={"name": "x", "role": "admin"}, headers=headers)
    assert (refreshed.status_code, token.status_code) == (200, 403)


async def test_a_revoked_token_is_refused_at_once(service: RunningService) -> None:
    made = (await service.client.post("/api/v1/tokens", json={"name": "short-lived", "role": "viewer"})).json()
    before = await service.client.get("/api/v1/me", headers=service.as_(made["token"]))
    token_id = next(
        entry["id"]
        for entry in (await service.client.get("/api/v1/tokens")).json()["items"]
        if entry["name"] == "short-lived"
    )
    revoked = await service.client.delete(f"/api/v1/tokens/{token_id}")
    after = await service.client.get("/api/v1/me", headers=service.as_(made["token"]))
    assert (before.status_code, revoked.status_code, after.status_code) == (200, 204, 401)


async def test_a_token_is_shown_once_and_never_again(service: RunningService) -> None:
    made = (await service.client.post("/api/v1/tokens", json={"name": "once", "role": "viewer"})).json()
    listed = await service.client.get("/api/v1/tokens")
    assert made["token"] not in listed.text


async def test_who_is_signed_in_is_told(service: RunningService) -> None:
    me = (await service.client.get("/api/v1/me")).json()
    assert me["role"] == "admin"
