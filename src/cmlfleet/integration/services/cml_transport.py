"""HTTPS to controllers: kept-alive connections, four to a controller at most, with limits on time and size."""

import asyncio
from types import TracebackType
from typing import NamedTuple, Self

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.services.address_policy import CheckedEndpoint
from cmlfleet.integration.services.call_failure import (
    CMLCallError,
    failure_of_exception,
    failure_of_status,
)
from cmlfleet.integration.services.certificate_check import CertificateCheck
from cmlfleet.integration.services.cml_telemetry import ObservedCall
from cmlfleet.integration.services.controller_connection import (
    Connector,
    ControllerConnection,
    HTTPAnswer,
)

MAX_BODY_BYTES = 16 * 1024 * 1024  # the tiles of some hundred labs; nothing else comes near
_CONNECTIONS_PER_CONTROLLER = 4  # nginx in front of one API process: more would only queue there
_CLOSE_IDLE_EVERY_SECONDS = 10.0
_SPARE_SECONDS = 10.0  # what a hurry took beyond one connection goes: each costs 50 KiB
_HEADERS = (
    "Accept: application/json\r\n"
    "Accept-Encoding: identity\r\n"  # what is not compressed cannot swell
    "User-Agent: cmlfleet\r\n"
    "X-CML-CLIENT: cmlfleet\r\n"
)
_IDENTITY = frozenset({b"", b"identity"})
_OK = 200


class _Peer(NamedTuple):
    address: str
    port: int
    check: CertificateCheck


class Lane:
    """The connections to one peer. The one used last is used next, so that those beyond need run out."""

    __slots__ = ("_slots", "_users", "idle")

    def __init__(self) -> None:
        self.idle: list[ControllerConnection] = []
        self._slots = asyncio.Semaphore(_CONNECTIONS_PER_CONTROLLER)
        self._users = 0

    @property
    def is_empty(self) -> bool:
        return not self.idle and self._users == 0

    async def __aenter__(self) -> None:
        self._users += 1
        try:
            await self._slots.acquire()
        except BaseException:
            self._users -= 1
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._slots.release()
        self._users -= 1

    def take(self) -> ControllerConnection | None:
        while self.idle:
            connection = self.idle.pop()
            if connection.is_open:
                return connection
        return None

    def close_unused(self, *, spare_since: float, last_since: float) -> None:
        """The connections not used since: the last one is kept for longer than the others."""
        while len(self.idle) > 1 and self.idle[0].used_at < spare_since:
            self.idle.pop(0).close()
        while self.idle and self.idle[0].used_at < last_since:
            self.idle.pop(0).close()

    async def exchange(
        self, connection: ControllerConnection, request: bytes, *, operation: str, max_bytes: int
    ) -> HTTPAnswer:
        """Over a connection that comes back here when it may be used again."""
        answer = await connection.exchange(request, operation=operation, max_bytes=max_bytes)
        if connection.is_open:
            connection.used_at = asyncio.get_running_loop().time()
            self.idle.append(connection)
        return answer


class CMLTransport:
    """Sends one request and returns the body of a 200; everything else is a `CMLCallError`.

    A context manager. `keepalive_seconds` must exceed the refresh interval, or every reading pays a handshake.
    Time limits of whole readings are the caller's.
    """

    def __init__(self, *, keepalive_seconds: float) -> None:
        self._keepalive_seconds = keepalive_seconds
        self._connector = Connector()
        self._lanes = dict[_Peer, Lane]()
        self._closer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._closer = asyncio.create_task(self._close_idle())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._closer is not None:
            self._closer.cancel()
        for lane in self._lanes.values():
            for connection in lane.idle:
                connection.close()
        self._lanes.clear()

    async def send(
        self,
        endpoint: CheckedEndpoint,
        check: CertificateCheck,
        *,
        operation: str,
        path: str,
        token: str | None = None,
        body: bytes | None = None,
        max_bytes: int = MAX_BODY_BYTES,
    ) -> bytes:
        """The body of the answer; a POST when `body` is given, which is sent as JSON.

        `operation` names the route in metrics and messages. Raises `CMLCallError`, with `certificate_changed` when
        another certificate is presented than `check` demands: nothing was sent then.
        """
        if self._closer is None:
            raise RuntimeError("the transport is not open")
        method = "GET" if body is None else "POST"
        with ObservedCall(operation, method=method, host=endpoint.host):
            request = _request(method, path, authority=endpoint.authority, token=token, body=body)
            try:
                answer = await self._exchange(endpoint, check, request, operation=operation, max_bytes=max_bytes)
            except CMLCallError:
                raise
            except Exception as error:
                raise failure_of_exception(operation=operation, error=error) from error
            return _body(answer, operation=operation, repeatable=body is None, token=token)

    async def _exchange(
        self, endpoint: CheckedEndpoint, check: CertificateCheck, request: bytes, *, operation: str, max_bytes: int
    ) -> HTTPAnswer:
        peer = _Peer(endpoint.address, endpoint.port, check)
        lane = self._lanes.get(peer)
        if lane is None:
            lane = self._lanes[peer] = Lane()
        async with lane:
            connection = lane.take()
            if connection is not None:
                try:
                    return await lane.exchange(connection, request, operation=operation, max_bytes=max_bytes)
                except ConnectionError:
                    # It was idle for too long for the controller's taste, which is no news. Only what changes
                    # nothing may be sent again: perhaps it was read before the connection was closed.
                    if not request.startswith(b"GET "):
                        raise
            connection = await self._connector.connect(endpoint, check)
            return await lane.exchange(connection, request, operation=operation, max_bytes=max_bytes)

    async def _close_idle(self) -> None:
        while True:
            await asyncio.sleep(_CLOSE_IDLE_EVERY_SECONDS)
            now = asyncio.get_running_loop().time()
            for peer, lane in tuple(self._lanes.items()):
                lane.close_unused(spare_since=now - _SPARE_SECONDS, last_since=now - self._keepalive_seconds)
                if lane.is_empty:
                    del self._lanes[peer]


def _request(method: str, path: str, *, authority: str, token: str | None, body: bytes | None) -> bytes:
    """The request as it goes over the wire. Raises `CMLCallError` for a token that no header can carry."""
    head = f"{method} /api/v0/{path} HTTP/1.1\r\nHost: {authority}\r\n{_HEADERS}"
    if token is not None:
        if not token.isascii() or not token.isprintable():
            raise CMLCallError(ErrorCode.UNAUTHORIZED, "the token holds characters that no header can carry")
        head += f"Authorization: Bearer {token}\r\n"
    if body is None:
        return f"{head}\r\n".encode("ascii")
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode("ascii") + body


def _body(answer: HTTPAnswer, *, operation: str, repeatable: bool, token: str | None) -> bytes:
    """What an error says is repeated only where it cannot hold what was sent: a password, or the token."""
    if answer.content_encoding not in _IDENTITY:
        raise CMLCallError(ErrorCode.BAD_RESPONSE, f"{operation}: a compressed answer, which was not asked for")
    if answer.status == _OK:
        return answer.body
    says_token = token is not None and token.encode() in answer.body
    said = answer.body if repeatable and not says_token else b""
    raise failure_of_status(operation=operation, status=answer.status, body=said, retry_after=answer.retry_after)
