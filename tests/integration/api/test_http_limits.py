"""What may be sent, how much of it and how slowly; and that who abuses it costs nobody else anything."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.integration.api.test_http_headers import says_all
from tests.support.raw_http import RawConnection, raw_connection
from tests.support.service import BOOTSTRAP_TOKEN, RunningService
from tests.support.waiting import until

from cmlfleet.api import http_connection

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT_ONCE = 0.2  # in place of the limits of seconds, so that tests need not wait for them
IDLE_STREAMS = 2000
SLOW_CLIENTS = 300
HEAD = f"Host: x\r\nAuthorization: Bearer {BOOTSTRAP_TOKEN}\r\n"


def request(line: str, *, headers: str = "") -> bytes:
    return f"{line} HTTP/1.1\r\n{HEAD}{headers}\r\n".encode()


async def problem(connection: RawConnection, headers: dict[str, str]) -> dict[str, Any]:
    """The document that is the last that the connection says. It came with the head; what follows may be a reset."""
    assert headers["content-type"] == "application/problem+json"
    document = json.loads(await connection.reader.readexactly(int(headers["content-length"])))
    assert await is_closed(connection)
    assert document.keys() == {"type", "title", "status", "detail", "instance"}
    return document


async def is_closed(connection: RawConnection) -> bool:
    async with asyncio.timeout(10):
        await connection.rest()
    return True


@pytest.mark.parametrize(
    "sent",
    [
        request("GET /healthz", headers=f"X-Long: {'x' * 40_000}\r\n"),
        request("GET /healthz", headers="".join(f"X-{n}: y\r\n" for n in range(150))),
        request("GET /" + "a" * 40_000),
        b"GET /healthz HTTP/1.1\r\nX-Endless: " + b"x" * 200_000,
        b"GET /" + b"a" * 200_000,
    ],
    ids=["long header", "many headers", "long path", "endless header", "endless path"],
)
async def test_too_much_before_the_body_is_refused(service: RunningService, sent: bytes) -> None:
    async with raw_connection(service.url) as connection:
        status, headers = await connection.ask(sent)
        assert status == 431
        assert says_all(headers)
        assert "at most 32768 bytes and 100 headers" in (await problem(connection, headers))["detail"]


async def test_what_browsers_and_proxies_send_is_let_through(service: RunningService) -> None:
    async with raw_connection(service.url) as connection:
        status, _ = await connection.ask(request("GET /healthz", headers=f"Cookie: a={'x' * 16_000}\r\n"))
    assert status == 200


@pytest.mark.parametrize(
    "headers", ["Transfer-Encoding: chunked\r\n", "Content-Length: 1048577\r\n", "Content-Length: 99999999999999\r\n"]
)
async def test_a_body_that_is_too_large_or_does_not_say_its_length_is_not_read(
    service: RunningService, headers: str
) -> None:
    async with raw_connection(service.url) as connection:
        status, _ = await connection.ask(request("POST /api/v1/workers/import", headers=headers))
    assert status == 413


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -1\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "X-Split: a\nX-Injected: b\r\n",
        "X-Nul: \0\r\n",
    ],
)
async def test_ambiguous_requests_are_refused(service: RunningService, headers: str) -> None:
    """What a proxy and we could understand in two ways (request smuggling)."""
    async with raw_connection(service.url) as connection:
        status, _ = await connection.ask(request("POST /api/v1/workers/import", headers=headers) + b"hello")
    assert status in (400, 413)


async def test_who_sends_nothing_is_let_go(service: RunningService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", AT_ONCE)
    async with raw_connection(service.url) as connection:
        assert await is_closed(connection)


async def test_a_request_that_is_never_finished_is_let_go(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", AT_ONCE)
    async with raw_connection(service.url) as connection:
        status, headers = await connection.ask(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        assert status == 408
        assert says_all(headers)
        assert await is_closed(connection)


async def test_a_second_request_of_a_connection_is_no_way_round(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", AT_ONCE)
    async with raw_connection(service.url) as connection:
        assert (await connection.ask(request("GET /healthz")))[0] == 200
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        assert await is_closed(connection)


async def test_a_body_that_never_ends_is_let_go(service: RunningService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "BODY_SECONDS", AT_ONCE)
    sent = request("POST /api/v1/workers/import", headers="Content-Length: 1000\r\n") + b'{"region": '
    async with raw_connection(service.url) as connection:
        status, _ = await connection.ask(sent)
        assert status == 408
        assert await is_closed(connection)


async def test_who_takes_nothing_of_what_it_asked_for_is_let_go(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connection, "STALLED_SECONDS", AT_ONCE)
    closed: list[Exception | None] = []
    lost = http_connection.HttpConnection.connection_lost

    def note(connection: http_connection.HttpConnection, exc: Exception | None) -> None:
        closed.append(exc)
        lost(connection, exc)

    monkeypatch.setattr(http_connection.HttpConnection, "connection_lost", note)
    async with raw_connection(service.url) as connection:
        connection.writer.transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]
        connection.send(request("GET /api/v1/openapi.json") * 400)
        await until(lambda: closed, what="the end of the connection")


async def test_slow_clients_do_not_keep_others_waiting(service: RunningService) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(SLOW_CLIENTS):
            connection = await stack.enter_async_context(raw_connection(service.url))
            connection.send(b"GET /api/v1/workers HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        answers = await asyncio.gather(*(service.client.get("/api/v1/workers") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}


async def test_beyond_half_of_the_open_files_connections_are_refused(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as stack:
        taken = [await stack.enter_async_context(raw_connection(service.url)) for _ in range(3)]
        for connection in taken:
            assert (await connection.ask(request("GET /healthz")))[0] == 200
        monkeypatch.setattr(http_connection, "most_connections", lambda: 3)
        one_more = await stack.enter_async_context(raw_connection(service.url))
        status, headers = await one_more.head()
        assert status == 503
        assert "try again" in (await problem(one_more, headers))["detail"]
        assert (await taken[0].ask(request("GET /healthz")))[0] == 200


async def test_two_thousand_idle_streams_leave_the_rest_alone(service: RunningService) -> None:
    """All of them hear of a change, and who asks meanwhile is answered."""
    stream = request("GET /api/v1/stream")
    (worker, *_) = await service.workers()
    async with AsyncExitStack() as stack:
        listeners: list[RawConnection] = []
        for _ in range(IDLE_STREAMS // 50):
            opened = [await stack.enter_async_context(raw_connection(service.url)) for _ in range(50)]
            answers = await asyncio.gather(*(connection.ask(stream) for connection in opened))
            assert {status for status, _ in answers} == {200}
            listeners += opened

        answers = await asyncio.gather(*(service.client.get("/api/v1/workers") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        changed = await service.client.patch(f"/api/v1/workers/{worker['id']}", json={"note": "heard by all"})
        assert changed.status_code == 200

        async def heard(connection: RawConnection) -> bool:
            return bool(await connection.reader.readuntil(b"heard by all"))

        async with asyncio.timeout(60):
            assert all(await asyncio.gather(*map(heard, listeners)))
