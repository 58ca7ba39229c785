"""One HTTP connection: uvicorn's, with limits on what may be sent and for how long."""

import asyncio
import resource
from http import HTTPStatus
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from cmlfleet.api.problems import MEDIA_TYPE, Problem
from cmlfleet.api.security_headers import HEADERS

LARGEST_HEAD_BYTES = 32 * 1024  # request line and headers; browsers and proxies stay under 16 KiB
MOST_HEADERS = 100
HEAD_SECONDS = 10.0  # from the connection, or the end of the last answer, to the end of the headers
BODY_SECONDS = 30.0  # a mebibyte at 280 kbit/s
STALLED_SECONDS = 30.0  # for a peer that takes nothing of what it asked for
SHARE_OF_OPEN_FILES = 0.5  # the other half is for controllers, the database and AWS
_LEAST_CONNECTIONS = 64
_MOST_SHOWN_BYTES = 200  # of a path, to whoever sent it

_DETAILS = {
    HTTPStatus.BAD_REQUEST: "this is not HTTP/1.1: the request line, a header or the body's length is malformed",
    HTTPStatus.REQUEST_TIMEOUT: (
        f"a request line with its headers has {HEAD_SECONDS:g} seconds to arrive, a body {BODY_SECONDS:g}"
    ),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        f"a request line with its headers has at most {LARGEST_HEAD_BYTES} bytes and {MOST_HEADERS} headers"
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: "as many connections are open as may be: try again",
}

_log = structlog.get_logger(__name__)


class HttpConnection(HttpToolsProtocol):
    """Who sends slowly, too much, or reads nothing is let go, so that it costs nobody else anything.

    Event streams may be idle for ever: they have been asked for, and take what they are sent.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True
        self._refusal = HTTPStatus.BAD_REQUEST
        self.url = b""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Refused beyond half of the files that this process may open."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            _log.warning("too_many_connections", open=len(self.connections))
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        self._set_timer(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """No timer outlives the connection."""
        self._set_timer(None)
        self._set_stall(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Only between two requests is nobody expected to send anything."""
        if self.transport.is_closing():
            return
        if self._in_head:
            if self._timer is None:
                self._set_timer(HEAD_SECONDS)
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > LARGEST_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """The parser tells."""
        self._in_head = True
        if self._timer is None:
            self._set_timer(HEAD_SECONDS)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Raises ValueError for too many of them, which the parser turns into its own error."""
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > LARGEST_HEAD_BYTES or len(self.headers) > MOST_HEADERS:
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise ValueError("too many headers")
        self._in_head = False
        self._head_bytes = 0
        self._set_timer(BODY_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of the request is here; the answer may take its time."""
        self._in_head = True
        self._set_timer(None)
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The peer does not take what it is sent."""
        self._set_stall(STALLED_SECONDS)
        super().pause_writing()

    def resume_writing(self) -> None:
        """It does again."""
        self._set_stall(None)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """What is not HTTP, or too much of it."""
        del msg
        self._refuse(self._refusal)

    def _refuse(self, status: HTTPStatus) -> None:
        self._set_timer(None)
        body = self._problem(status)
        headers = {**HEADERS, "Content-Type": MEDIA_TYPE, "Content-Length": str(len(body))}
        lines = [f"{name}: {value}\r\n".encode() for name, value in (headers | {"Connection": "close"}).items()]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", body]))
        self.transport.close()

    def _problem(self, status: HTTPStatus) -> bytes:
        path = self.url.partition(b"?")[0][:_MOST_SHOWN_BYTES].decode("ascii", "replace")
        return (
            Problem(title=status.phrase, status=status, detail=_DETAILS[status], instance=path or "/")
            .model_dump_json(exclude_none=True)
            .encode()
        )

    def _set_timer(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self._too_slow)

    def _set_stall(self, seconds: float | None) -> None:
        if self._stall is not None:
            self._stall.cancel()
        self._stall = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)

    def _too_slow(self) -> None:
        is_answering = bool(self.cycle) and not self.cycle.response_complete
        if (is_answering and self._in_head) or self.flow.read_paused:
            self._set_timer(HEAD_SECONDS)  # what comes next waits for us, not we for it
        elif is_answering and self.cycle.response_started:
            self.transport.abort()
        elif self._in_head and not self._head_bytes:
            self.transport.close()  # it asked nothing: there is nothing to answer
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)


def most_connections() -> int:
    """How many may be open at once."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(_LEAST_CONNECTIONS, int(soft * SHARE_OF_OPEN_FILES))
