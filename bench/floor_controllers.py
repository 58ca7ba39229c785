"""How the floor asks controllers: with the quickest client library, or with less than a library."""

import asyncio
import ssl
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httptools
import orjson
from yarl import URL

WITH_LIBRARY, BY_HAND = "aiohttp", "by hand"
EVERY_MINUTE = ("system_information", "system_stats", "labs?show_all=true")
EVERY_FIVE = ("system_health", "system/maintenance_mode", "system/compute_hosts", "populate_lab_tiles")
EVERYTHING = EVERY_MINUTE + EVERY_FIVE
_KEPT_SECONDS = 180.0  # connections: for longer than an interval
_ANSWER_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}

CALLS: Counter[str] = Counter()


class Connection(asyncio.Protocol):
    """One question at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._chunks: list[bytes] = []
        self._future: asyncio.Future[bytes] | None = None
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        body = b"".join(self._chunks)
        self._chunks.clear()
        if self._future is not None:
            self._future.set_result(body)

    def ask(self, request: bytes) -> "asyncio.Future[bytes]":
        self._future = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._future


class Controller(ABC):
    """A worker's controller, asked one thing at a time."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    @abstractmethod
    async def sign_in(self, username: str, password: str) -> None: ...

    @abstractmethod
    async def ask(self, path: str) -> bytes: ...

    async def read(self, *, everything: bool) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path in EVERYTHING if everything else EVERY_MINUTE:
            CALLS[path] += 1
            found[path] = orjson.loads(await self.ask(path))
        return found


class ByHand(Controller):
    """Requests are built once."""

    def __init__(self, endpoint: str, tls: ssl.SSLContext) -> None:
        super().__init__(endpoint)
        self._tls = tls
        self._connection = Connection()
        self._requests: dict[str, bytes] = {}

    async def sign_in(self, username: str, password: str) -> None:
        host = self.endpoint.removeprefix("https://")
        address, _, port = host.partition(":")
        loop = asyncio.get_running_loop()
        _, self._connection = await loop.create_connection(Connection, address, int(port), ssl=self._tls)
        body = orjson.dumps({"username": username, "password": password})
        head = f"POST /api/v0/auth_extended HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        answer = await self._connection.ask(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        token = orjson.loads(answer)["token"]
        for path in EVERYTHING:
            text = f"GET /api/v0/{path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n"
            self._requests[path] = f"{text}Authorization: Bearer {token}\r\n\r\n".encode()

    async def ask(self, path: str) -> bytes:
        return await self._connection.ask(self._requests[path])


class WithLibrary(Controller):
    """Connections are the library's, kept for longer than an interval."""

    def __init__(self, endpoint: str, session: aiohttp.ClientSession) -> None:
        super().__init__(endpoint)
        self._session = session
        self._headers: dict[str, str] = {}
        self._urls = {path: URL(f"{endpoint}/api/v0/{path}") for path in EVERYTHING}

    async def sign_in(self, username: str, password: str) -> None:
        said = {"username": username, "password": password}
        async with self._session.post(f"{self.endpoint}/api/v0/auth_extended", json=said) as answer:
            token = orjson.loads(await answer.read())["token"]
        self._headers = {**_ANSWER_HEADERS, "Authorization": f"Bearer {token}"}

    async def ask(self, path: str) -> bytes:
        async with self._session.get(self._urls[path], headers=self._headers) as answer:
            return await answer.read()


@asynccontextmanager
async def controllers_by(client: str) -> AsyncGenerator[Callable[[str], Controller]]:
    """Makes the controller at an endpoint, for one of the two ways."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    if client == BY_HAND:
        yield lambda endpoint: ByHand(endpoint, tls)
        return
    connector = aiohttp.TCPConnector(ssl=tls, limit=0, keepalive_timeout=_KEPT_SECONDS)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        yield lambda endpoint: WithLibrary(endpoint, session)
