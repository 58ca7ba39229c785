"""What listens for one controller, or refuses as the real one would."""

import asyncio
import contextlib
import socket
import ssl
from typing import Any

from cmlfleet.simulator.controller.boot import BootPhase
from cmlfleet.simulator.controller.certificates import Certificate, self_signed, server_context
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.connection import HttpConnection
from cmlfleet.simulator.controller.door import Door, OwnDoor
from cmlfleet.simulator.fault_catalogue import FaultName

_PHASE_LOOK_SECONDS = 0.1  # real time: the clock may jump, so a boot is looked at, not waited for
_NOT_TLS = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nConnection: close\r\n\r\n"
_HANDSHAKE_SECONDS = 30.0
_SILENT = frozenset({BootPhase.OFF, BootPhase.REFUSED})


class ControllerListener:
    """`open` takes the address (port 0: a free one, see `port`); from then on the controller's phase and
    faults decide whether connections are taken. Raises `OSError` when the address cannot be had."""

    def __init__(self, controller: CMLController, host: str, port: int = 0, *, door: Door | None = None) -> None:
        self.controller = controller
        self.host = host
        self._door = door or OwnDoor(host, port)
        self.connections_accepted = 0
        self.handshakes_failed = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_listening = False
        self._connections: set[HttpConnection] = set()
        self._handshakes: set[asyncio.Task[Any]] = set()
        self._silent_sockets: set[socket.socket] = set()
        self._contexts: dict[tuple[int, bool], ssl.SSLContext] = {}
        self._phase_timer: asyncio.TimerHandle | None = None
        self._speaks = (self._certificate_key(), True)  # the certificate shown, and whether TLS is spoken at all

    @property
    def port(self) -> int:
        return self._door.port

    @property
    def endpoint(self) -> str:
        return f"https://{self.host}:{self.port}"

    @property
    def certificate(self) -> Certificate:
        """The one shown now."""
        generation, is_changed = self._certificate_key()
        return self_signed(
            hostname=self.controller.hostname,
            secret=self.controller.ids.named("certificate", generation, is_changed),
        )

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._door.open()
        self.controller.power_listeners.append(self._changed)
        self._follow()

    async def close(self) -> None:
        if self._loop is None:
            return
        self.controller.power_listeners.remove(self._changed)
        if self._phase_timer is not None:
            self._phase_timer.cancel()
        self._drop_connections()
        self._door.close()
        self._is_listening = False
        await asyncio.gather(*self._handshakes, return_exceptions=True)
        self._loop = None

    # Following the controller

    def _changed(self) -> None:
        """May be called from any thread: a test or the fleet switches power and faults."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._follow)

    def _follow(self) -> None:
        """Listen or refuse, as phase and faults say; look again while a boot goes on."""
        if self._loop is None:
            return
        refused = self.controller.has_fault(FaultName.REFUSED)
        if refused or self.controller.phase() in _SILENT:
            if self._is_listening:
                self._door.refuse()
                self._is_listening = False
                self._drop_connections()
        elif not self._is_listening:
            self._door.let_in(self._take)
            self._is_listening = True
        speaks = (self._certificate_key(), not self.controller.has_fault(FaultName.TLS_FAILURE))
        if self._speaks != speaks:
            self._speaks = speaks
            self._drop_connections()
        if self._phase_timer is not None:
            self._phase_timer.cancel()
            self._phase_timer = None
        if self.controller.next_phase_change() is not None:
            self._phase_timer = self._loop.call_later(_PHASE_LOOK_SECONDS, self._follow)
        if not self.controller.has_fault(FaultName.HALF_OPEN):
            self._close_silent_sockets()

    def _drop_connections(self) -> None:
        for handshake in tuple(self._handshakes):
            handshake.cancel()
        for connection in tuple(self._connections):
            connection.abort()
        self._close_silent_sockets()

    def _close_silent_sockets(self) -> None:
        for silent in self._silent_sockets:
            silent.close()
        self._silent_sockets.clear()

    # Taking connections

    def _take(self, accepted: socket.socket) -> None:
        if self._loop is None:
            accepted.close()
            return
        self.connections_accepted += 1
        if self.controller.fault(FaultName.TLS_FAILURE) is not None:
            with contextlib.suppress(OSError):
                accepted.send(_NOT_TLS)
            accepted.close()
        elif self.controller.fault(FaultName.HALF_OPEN) is not None:
            self._silent_sockets.add(accepted)
        else:
            handshake = self._loop.create_task(self._shake_hands(accepted))
            self._handshakes.add(handshake)
            handshake.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, accepted: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: HttpConnection(self.controller, self._connections),
                accepted,
                ssl=self._context(),
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
            )
        except (OSError, EOFError, asyncio.CancelledError):
            self.handshakes_failed += 1
            accepted.close()

    def _context(self) -> ssl.SSLContext:
        key = self._certificate_key()
        context = self._contexts.get(key)
        if context is None:
            context = self._contexts[key] = server_context(self.certificate)
        return context

    def _certificate_key(self) -> tuple[int, bool]:
        is_changed = self.controller.has_fault(FaultName.CERTIFICATE_CHANGED)
        return self.controller.certificate_generation, is_changed
