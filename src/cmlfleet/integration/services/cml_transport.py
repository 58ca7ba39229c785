"""HTTPS to controllers: one aiohttp session for the process, with limits on time and size."""

from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.services.address_policy import CheckedEndpoint
from cmlfleet.integration.services.call_failure import (
    CMLCallError,
    failure_of_exception,
    failure_of_status,
)
from cmlfleet.integration.services.certificate_check import CertificateCheck, ControllerConnector
from cmlfleet.integration.services.cml_telemetry import observed_call

CONNECT_LIMIT_SECONDS = 5.0  # TCP and TLS together; a controller that is there answers within one
MAX_BODY_BYTES = 16 * 1024 * 1024  # the tiles of some hundred labs; nothing else comes near
_MAX_ERROR_BYTES = 64 * 1024  # enough for any error's description
_CONNECTIONS_PER_CONTROLLER = 4  # nginx in front of one API process: more would only queue there
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # what is not compressed cannot swell
    "User-Agent": "cmlfleet",
    "X-CML-CLIENT": "cmlfleet",
}
_IDENTITY = frozenset({"", "identity"})
_OK = 200


class CMLTransport:
    """Sends one request and returns the body of a 200; everything else is a `CMLCallError`.

    A context manager. `keepalive_seconds` must exceed the refresh interval, or every reading pays a handshake.
    Time limits of whole readings are the caller's.
    """

    def __init__(self, *, keepalive_seconds: float) -> None:
        self._keepalive_seconds = keepalive_seconds
        self._opened: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._opened = aiohttp.ClientSession(
            connector=ControllerConnector(
                limit=0,
                limit_per_host=_CONNECTIONS_PER_CONTROLLER,
                keepalive_timeout=self._keepalive_seconds,
                happy_eyeballs_delay=None,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_LIMIT_SECONDS),
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._opened is not None:
            await self._opened.close()

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
        if self._opened is None:
            raise RuntimeError("the transport is not open")
        headers = {"Host": endpoint.authority}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        method = "GET" if body is None else "POST"
        with observed_call(operation, method=method, host=endpoint.host):
            try:
                async with self._opened.request(
                    method,
                    URL(f"{endpoint.origin}/api/v0/{path}", encoded=True),
                    headers=headers,
                    data=body,
                    ssl=check,
                    server_hostname=endpoint.host,
                    allow_redirects=False,
                ) as answer:
                    return await _read(answer, operation=operation, max_bytes=max_bytes)
            except CMLCallError:
                raise
            except Exception as error:
                raise failure_of_exception(operation=operation, error=error) from error


async def _read(answer: aiohttp.ClientResponse, *, operation: str, max_bytes: int) -> bytes:
    if answer.headers.get("Content-Encoding", "").lower() not in _IDENTITY:
        answer.close()
        raise CMLCallError(ErrorCode.BAD_RESPONSE, f"{operation}: a compressed answer, which was not asked for")
    if answer.status == _OK:
        return await _read_bounded(answer, operation=operation, max_bytes=max_bytes)
    raise failure_of_status(
        operation=operation,
        status=answer.status,
        body=await _read_error(answer),
        retry_after=answer.headers.get("Retry-After"),
    )


async def _read_bounded(answer: aiohttp.ClientResponse, *, operation: str, max_bytes: int) -> bytes:
    """The whole body; beyond the limit the connection is closed, however much the peer still has to say."""
    announced = answer.content_length
    if announced is not None and announced <= max_bytes:
        return await answer.read()
    chunks = list[bytes]()
    size = 0
    if announced is None:
        async for chunk in answer.content.iter_any():
            size += len(chunk)
            if size > max_bytes:
                break
            chunks.append(chunk)
        else:
            return b"".join(chunks)
    answer.close()
    raise CMLCallError(ErrorCode.BAD_RESPONSE, f"{operation}: the answer is larger than {max_bytes} bytes")


async def _read_error(answer: aiohttp.ClientResponse) -> bytes:
    """The body of an error, as far as it explains anything: how it reads never outweighs the status."""
    try:
        return await _read_bounded(answer, operation="error", max_bytes=_MAX_ERROR_BYTES)
    except (CMLCallError, aiohttp.ClientError):
        return b""
