"""Paths and headers that try to pass for others, on every route."""

from collections.abc import Callable

import httpx2
import pytest
from tests.support.service import RunningService

from cmlfleet.api.app import OPEN, bare_app, openapi_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLOSED = sorted(
    (method.upper(), path.replace("{", "").replace("}", ""))
    for path, methods in openapi_of(bare_app())["paths"].items()
    for method in methods
    if (method, path) not in OPEN
)
PATHS: dict[str, Callable[[str], str]] = {
    "doubled slash": lambda path: f"/{path}",
    "trailing slash": lambda path: f"{path}/",
    "from an open one": lambda path: f"/healthz/..{path}",
    "encoded from an open one": lambda path: f"/healthz/%2e%2e{path}",
    "encoded slashes": lambda path: path[0] + path[1:].replace("/", "%2f"),
    "upper case": str.upper,
    "with a parameter": lambda path: f"{path};/healthz",
    "with a suffix": lambda path: f"{path}.json",
    "with a NUL": lambda path: f"{path}%00/healthz",
}
HEADERS = {
    "another path": {"X-Original-URL": "/healthz", "X-Rewrite-URL": "/healthz"},
    "another method": {"X-HTTP-Method-Override": "GET", "X-Method-Override": "GET"},
    "our own network": {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"},
    "somebody": {"X-Remote-User": "admin", "X-Forwarded-User": "admin", "Remote-User": "admin"},
    "a role": {"X-Role": "admin", "X-Cmlfleet-Role": "admin"},
    "a scheme without a token": {"Authorization": "Bearer"},
    "another scheme": {"Authorization": "Basic YWRtaW46YWRtaW4="},
    "an empty session": {"Cookie": "cmlfleet_session="},
    "an invented session": {"Cookie": "cmlfleet_session=" + "a" * 43, "X-Requested-With": "cmlfleet"},
}


async def _ask(service: RunningService, method: str, path: str, headers: dict[str, str]) -> httpx2.Response:
    url = httpx2.URL(service.url).copy_with(raw_path=path.encode())
    return await service.client.request(method, url, headers={**service.as_(None), **headers})


@pytest.mark.parametrize("trick", PATHS)
async def test_no_spelling_of_a_path_opens_a_route(service: RunningService, trick: str) -> None:
    for method, path in CLOSED:
        answer = await _ask(service, method, PATHS[trick](path), {})
        assert answer.status_code >= 300 or "text/html" in answer.headers["content-type"], f"{method} {path}"
        assert '"items"' not in answer.text


@pytest.mark.parametrize("trick", HEADERS)
async def test_no_header_opens_a_route(service: RunningService, trick: str) -> None:
    for method, path in CLOSED:
        answer = await _ask(service, method, path, HEADERS[trick])
        assert answer.status_code == 401, f"{method} {path}: {answer.text}"


@pytest.mark.parametrize("trick", [trick for trick in HEADERS if "session" not in trick and "scheme" not in trick])
async def test_no_header_makes_more_of_a_viewer(service: RunningService, trick: str) -> None:
    token = await service.token_of("viewer")
    for path in ("/api/v1/tokens", "/api/v1/users", "/api/v1/audit"):
        answer = await _ask(service, "GET", path, {**service.as_(token), **HEADERS[trick]})
        assert answer.status_code == 403
    worker_id = (await service.workers())[0]["id"]
    headers = {**service.as_(token), **HEADERS[trick]}
    assert (await _ask(service, "DELETE", f"/api/v1/workers/{worker_id}", headers)).status_code == 403
