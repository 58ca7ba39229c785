"""What every answer says to a browser, whoever made it."""

import json
from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs
from tests.support.raw_http import raw_connection
from tests.support.service import RunningService

from cmlfleet.application.mediator import Mediator

pytestmark = pytest.mark.asyncio(loop_scope="module")

GARBAGE = b"\x16\x03\x01 this is no HTTP\r\n\r\n"
SAID = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def says_all(headers: Mapping[str, str]) -> bool:
    policy = headers["content-security-policy"]
    return (
        {name: headers.get(name) for name in SAID} == SAID
        and "default-src 'none'" in policy
        and "frame-ancestors 'none'" in policy
        and "unsafe" not in policy
        and "*" not in policy
    )


ANSWERS = [
    ("GET", "/healthz", 200),
    ("GET", "/", 200),
    ("GET", "/api/docs", 200),
    ("GET", "/api/v1/openapi.json", 200),
    ("GET", "/api/v1/workers", 200),
    ("GET", "/metrics", 200),
    ("GET", "/api/v1/nothing", 404),
    ("GET", "/api/v1/workers/w-none", 404),
    ("TRACE", "/api/v1/workers", 405),
    ("OPTIONS", "/api/v1/workers", 405),
    ("GET", "/api/v1/workers?limit=x", 422),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_every_answer(service: RunningService, method: str, path: str, status: int) -> None:
    answer = await service.client.request(method, path, follow_redirects=True)
    assert answer.status_code == status
    assert says_all(answer.headers)
    assert "server" not in answer.headers


async def test_refusals(service: RunningService) -> None:
    stranger = await service.client.get("/api/v1/workers", headers=service.as_(None))
    too_large = await service.client.post("/api/v1/workers/import", content=b"x" * (1 << 20) + b"y")
    assert (stranger.status_code, too_large.status_code) == (401, 413)
    assert says_all(stranger.headers)
    assert says_all(too_large.headers)


async def test_a_fault_of_our_own(service: RunningService, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Mediator, "execute_async", broken)
    with capture_logs() as logs:
        answer = await service.client.get("/api/v1/workers")
    assert [line["event"] for line in logs] == ["request_broke"]
    assert answer.status_code == 500
    assert says_all(answer.headers)
    assert "ZeroDivisionError" not in answer.text


async def test_what_is_no_http(service: RunningService) -> None:
    async with raw_connection(service.url) as connection:
        status, headers = await connection.ask(GARBAGE)
        document = json.loads(await connection.rest())
    assert status == 400
    assert says_all(headers)
    assert headers["content-type"] == "application/problem+json"
    assert (document["status"], document["title"], document["instance"]) == (400, "Bad Request", "/")
    assert "not HTTP" in document["detail"]


async def test_a_bad_header_is_a_problem_of_its_path(service: RunningService) -> None:
    async with raw_connection(service.url) as connection:
        status, _ = await connection.ask(b"GET /api/v1/workers?q=1 HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n")
        document = json.loads(await connection.rest())
    assert (status, document["instance"]) == (400, "/api/v1/workers")


async def test_the_event_stream(service: RunningService) -> None:
    async with service.client.stream("GET", "/api/v1/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert says_all(answer.headers)


async def test_no_other_origin_is_allowed_anything(service: RunningService) -> None:
    asks = {"Origin": "https://evil.example", "Access-Control-Request-Method": "DELETE"}
    for method, path in (("GET", "/api/v1/workers"), ("OPTIONS", "/api/v1/workers"), ("POST", "/api/v1/session")):
        answer = await service.client.request(method, path, headers=asks)
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


async def test_without_tls_nobody_is_told_to_insist_on_it(service: RunningService) -> None:
    assert "strict-transport-security" not in (await service.client.get("/healthz")).headers
