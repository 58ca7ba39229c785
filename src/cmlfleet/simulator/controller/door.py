"""Where the connections of a controller come in: a socket of its own, or one that a large fleet shares."""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Protocol

Take = Callable[[socket.socket], None]

_BACKLOG = 128
_SHARED_BACKLOG = 4096  # everybody comes at once when a service starts
_ACCEPTED_AT_ONCE = 64
_RESET_WHEN_CLOSED = struct.pack("ii", 1, 0)  # SO_LINGER for no seconds


class Door(Protocol):
    """Opened once, then let in or refuse in turns."""

    @property
    def port(self) -> int: ...

    def open(self) -> None:
        """Take the address. Raises `OSError` when it cannot be had."""
        ...

    def let_in(self, take: Take) -> None:
        """From now on each connection goes to `take`."""
        ...

    def refuse(self) -> None:
        """Take no connections; the address is kept."""
        ...

    def close(self) -> None: ...


class OwnDoor:
    """A socket for one address (port 0: a free one), really closed when nothing would listen on the real one."""

    def __init__(self, host: str, port: int = 0) -> None:
        self.port = port
        self._host = host
        self._socket: socket.socket | None = None
        self._is_listening = False

    def open(self) -> None:
        self._socket = bound_socket(self._host, self.port)
        self.port = self._socket.getsockname()[1]

    def let_in(self, take: Take) -> None:
        if self._socket is None:
            return
        listen(self._socket, take, backlog=_BACKLOG)
        self._is_listening = True

    def refuse(self) -> None:
        self.close()
        self._socket = bound_socket(self._host, self.port)

    def close(self) -> None:
        if self._socket is None:
            return
        if self._is_listening:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._is_listening = False
        self._socket.close()
        self._socket = None


class SharedSocket:
    """One listening socket for every loopback address at a port, with a door for each: a process may not open as many
    files as a large fleet has controllers. A controller that would refuse a connection resets it here."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.takers: dict[str, Take] = {}
        self._socket: socket.socket | None = None
        self._doors_open = 0

    def door(self, host: str) -> "SharedDoor":
        return SharedDoor(self, host)

    def open(self) -> None:
        """By each door; the first one listens. Raises `OSError`."""
        if self._socket is None:
            self._socket = bound_socket("0.0.0.0", self.port, device=b"lo")  # noqa: S104 - on no other interface
            listen(self._socket, self._take, backlog=_SHARED_BACKLOG)
        self._doors_open += 1

    def close(self) -> None:
        self._doors_open -= 1
        if not self._doors_open and self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _take(self, accepted: socket.socket) -> None:
        take = self.takers.get(accepted.getsockname()[0])
        if take is not None:
            take(accepted)
            return
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_WHEN_CLOSED)
        accepted.close()


class SharedDoor:
    """One address's part of a shared socket."""

    def __init__(self, shared: SharedSocket, host: str) -> None:
        self._shared = shared
        self._host = host

    @property
    def port(self) -> int:
        return self._shared.port

    def open(self) -> None:
        self._shared.open()

    def let_in(self, take: Take) -> None:
        self._shared.takers[self._host] = take

    def refuse(self) -> None:
        self._shared.takers.pop(self._host, None)

    def close(self) -> None:
        self.refuse()
        self._shared.close()


def bound_socket(host: str, port: int, *, device: bytes | None = None) -> socket.socket:
    """Bound but not listening: it refuses connections and keeps the port. Raises `OSError`."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if device is not None:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def listen(bound: socket.socket, take: Take, *, backlog: int) -> None:
    """Each connection goes to `take`, until the loop forgets the socket."""
    bound.listen(backlog)
    asyncio.get_running_loop().add_reader(bound.fileno(), _take_waiting, bound, take)


def _take_waiting(listening: socket.socket, take: Take) -> None:
    for accepted in _waiting(listening):
        take(accepted)


def _waiting(listening: socket.socket) -> Iterator[socket.socket]:
    """A few at a time, so that whoever is connected already is served as well."""
    for _ in range(_ACCEPTED_AT_ONCE):
        try:
            accepted, _ = listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield accepted
