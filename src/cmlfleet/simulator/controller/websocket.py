"""The UI websocket: the token in the first message, then events."""

import asyncio
from typing import Any, cast

import orjson
from websockets.frames import Frame, Opcode
from websockets.http11 import Request as HandshakeRequest
from websockets.protocol import State
from websockets.server import ServerProtocol

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.lab_elements import ElementState
from cmlfleet.simulator.controller.load import STATISTICS_SECONDS
from cmlfleet.simulator.controller.views import lab_activity, system

UNAUTHORIZED = 3000
_AUTHENTICATION_SECONDS = 10.0
_TICK_SECONDS = 0.1  # real time between two looks at what has happened
_PING_SECONDS = 30.0


class WebsocketSession:
    """One listener. Sends what Cisco's own client survives: state changes, element events, statistics, pings."""

    def __init__(self, controller: CMLController, transport: asyncio.Transport) -> None:
        self._controller = controller
        self._transport = transport
        self._protocol = ServerProtocol()
        self._loop = asyncio.get_running_loop()
        self._is_listening = False
        self._lab_filter: str | None = None
        self._statistics_at = 0.0
        self._ping_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def receive(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, HandshakeRequest):
                self._protocol.send_response(self._protocol.accept(event))
                speed = self._controller.clock.speed
                self._timer = self._loop.call_later(_AUTHENTICATION_SECONDS / speed, self._refuse)
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._message(bytes(event.data))
        self._flush()

    def lost(self) -> None:
        """The connection is gone."""
        self._stop()

    def _message(self, text: bytes) -> None:
        try:
            parsed: Any = orjson.loads(text)
        except orjson.JSONDecodeError:
            parsed = None
        if not isinstance(parsed, dict):
            self._refuse()
            return
        message = cast("dict[str, Any]", parsed)
        if not self._is_listening:
            self._sign_in(message.get("token"))
        elif "lab_filter" in message:
            self._lab_filter = message["lab_filter"] or None

    def _sign_in(self, token: object) -> None:
        monotonic = self._controller.clock.monotonic()
        user = self._controller.tokens.user_of(str(token), monotonic=monotonic)
        if user is None:
            self._refuse()
            return
        self._is_listening = True
        self._controller.journal.listeners.append(self._send)
        if self._timer is not None:
            self._timer.cancel()
        self._tick()

    def _refuse(self) -> None:
        self._protocol.send_close(UNAUTHORIZED, "Unauthorized")
        self._flush()
        self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_listening:
            self._is_listening = False
            self._controller.journal.listeners.remove(self._send)

    def _tick(self) -> None:
        """Let happen what is due, which sends its own frames, and the statistics every three seconds."""
        if not self._is_listening:
            return
        self._controller.settle()
        now = self._controller.clock.monotonic()
        if now >= self._statistics_at:
            self._statistics_at = now + STATISTICS_SECONDS
            self._send({"event_type": "system_stats", "data": system.system_stats(self._controller)})
            for lab in self._controller.labs:
                if lab.state is ElementState.STARTED:
                    stats = lab_activity.simulation_stats(self._controller, lab)
                    self._send({"event_type": "lab_stats", "lab_id": lab.id, "data": stats})
        if now >= self._ping_at:
            self._ping_at = now + _PING_SECONDS
            self._send({"event_type": "ping"})
        self._timer = self._loop.call_later(_TICK_SECONDS, self._tick)

    def _send(self, frame: dict[str, Any]) -> None:
        concerns = self._lab_filter in (None, frame.get("lab_id")) or "lab_id" not in frame
        if concerns and self._protocol.state is State.OPEN:
            self._protocol.send_text(orjson.dumps(frame))
            self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()
        if self._protocol.close_expected() and self._protocol.state is State.CLOSED:
            self._transport.close()
