"""One connection to a controller: HTTP/1.1 as nginx would speak it, lean enough for thousands of GETs a second."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools

from cmlfleet.simulator.controller import api, misbehaviour
from cmlfleet.simulator.controller.boot import BootPhase
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import HTML, Answer, Delivery, html_answer
from cmlfleet.simulator.controller.router import PREFIX

if TYPE_CHECKING:
    from cmlfleet.simulator.controller.websocket import WebsocketSession

_WEBSOCKET_PATH = "/ws/ui"
_LONGEST_BODY = 20_000_000  # bytes: nginx's limit for imports; the routes know their own
_ENDLESS_CHUNK = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
_ENDLESS_PAUSE_SECONDS = 0.01
_BEARER = "bearer "


class HttpConnection(asyncio.Protocol):
    """Answers in the order of the requests; made for each accepted connection."""

    def __init__(self, controller: CMLController, open_connections: "set[HttpConnection]") -> None:
        self._controller = controller
        self._open_connections = open_connections
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._raw = bytearray()
        self._url = b""
        self._token: str | None = None
        self._body: list[bytes] = []
        self._body_length = 0
        self._waiting: deque[Answer] = deque()
        self._is_answering = False
        self._is_last = False
        self._websocket: WebsocketSession | None = None

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._open_connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._open_connections.discard(self)
        self._transport = None
        if self._websocket is not None:
            self._websocket.lost()

    def data_received(self, data: bytes) -> None:
        if self._websocket is not None:
            self._websocket.receive(data)
            return
        if self._raw or data.startswith(b"GET /ws/"):
            self._raw += data
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserError:
            self._send_now(html_answer(400))
            self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """The connection is reset: power off."""
        if self._transport is not None:
            self._transport.abort()

    # The parser's side

    def on_message_begin(self) -> None:
        self._url = b""
        self._token = None
        self._body = []
        self._body_length = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name in (b"Authorization", b"authorization"):
            text = value.decode("latin-1")
            if text[: len(_BEARER)].lower() == _BEARER:
                self._token = text[len(_BEARER) :]

    def on_body(self, body: bytes) -> None:
        self._body_length += len(body)
        if self._body_length <= _LONGEST_BODY:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._parser.should_upgrade():
            return
        given = self._answer(self._parser.get_method().decode("ascii"))
        if self._is_answering:
            self._waiting.append(given)
        else:
            self._deliver(given)
        if not self._parser.should_keep_alive():
            self._is_last = True
            self._close_when_done()

    # Answering

    def _answer(self, method: str) -> Answer:
        target = self._url.decode("latin-1")
        path, _, query_text = target.partition("?")
        if self._controller.phase() is BootPhase.BAD_GATEWAY:
            self._controller.calls[method, "(boot)", 502] += 1
            return html_answer(502)
        if not path.startswith(PREFIX):
            return self._outside_the_api(path)
        if self._body_length > _LONGEST_BODY:
            return html_answer(413)
        return api.answer(
            self._controller,
            method=method,
            path=path,
            query_text=query_text,
            body=b"".join(self._body),
            token=self._token,
        )

    def _outside_the_api(self, path: str) -> Answer:
        instead = misbehaviour.before_the_api(self._controller, path)
        if instead is not None:
            return instead
        if path == "/":
            page = b"<!doctype html><html><head><title>Cisco Modeling Labs</title></head><body></body></html>"
            return Answer(status=200, content_type=HTML, body=page)
        return html_answer(404)

    def _deliver(self, given: Answer) -> None:
        if given.delivery is Delivery.WHOLE and not given.takes_seconds:
            self._send_now(given)
            return
        self._is_answering = True
        loop = asyncio.get_running_loop()
        if given.delivery is Delivery.CLOSED:
            self.close()
        elif given.delivery is Delivery.DRIPPING:
            self._drip(given.wire, given.drip_seconds)
        elif given.delivery is Delivery.ENDLESS:
            self._send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            self._send_endlessly()
        elif given.delivery is Delivery.WHOLE:
            loop.call_later(given.takes_seconds / self._controller.clock.speed, self._finish, given)

    def _finish(self, given: Answer) -> None:
        self._send_now(given)
        self._next()

    def _next(self) -> None:
        self._is_answering = False
        while self._waiting and not self._is_answering:
            self._deliver(self._waiting.popleft())
        self._close_when_done()

    def _close_when_done(self) -> None:
        if self._is_last and not self._is_answering:
            self.close()

    def _drip(self, rest: bytes, pause_seconds: float) -> None:
        if self._transport is None:
            return
        self._send(rest[:1])
        if len(rest) > 1:
            asyncio.get_running_loop().call_later(pause_seconds, self._drip, rest[1:], pause_seconds)
        else:
            self._next()

    def _send_endlessly(self) -> None:
        transport = self._transport
        if transport is None:
            return
        if transport.get_write_buffer_size() == 0:
            transport.write(_ENDLESS_CHUNK)
        asyncio.get_running_loop().call_later(_ENDLESS_PAUSE_SECONDS, self._send_endlessly)

    def _send_now(self, given: Answer) -> None:
        self._send(given.wire)

    def _send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    # The websocket

    def _upgrade(self) -> None:
        from cmlfleet.simulator.controller.websocket import WebsocketSession  # noqa: PLC0415 - used by few

        path = self._url.decode("latin-1").partition("?")[0]
        transport = self._transport
        if path != _WEBSOCKET_PATH or transport is None or self._controller.phase() is BootPhase.BAD_GATEWAY:
            self._send_now(html_answer(404 if path != _WEBSOCKET_PATH else 502))
            self.close()
            return
        self._websocket = WebsocketSession(self._controller, transport)
        self._websocket.receive(bytes(self._raw))
