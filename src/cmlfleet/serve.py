"""Running the service as a process."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Awaitable, Callable

import uvicorn

from cmlfleet.composition import Service
from cmlfleet.settings import Settings

GC_THRESHOLDS = (50_000, 20, 50)  # objects, then young collections: little of what a refresh makes is cyclic
BACKLOG = 2048  # connections that wait to be taken
SHUTDOWN_SECONDS = 3  # for requests that are being answered; event streams end at once


class PortTaken(OSError):
    """Nobody can listen there: another process does, or the address is not this machine's."""

    def __init__(self, host: str, port: int, cause: OSError) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {cause.strerror or cause}")


class _Server(uvicorn.Server):
    """Leaves signals to us: the service has more to stop than its port. `listening` is set once it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self):  # pyright: ignore[reportUnknownParameterType]
        yield


Announce = Callable[[Service, str, int], Awaitable[None]]
"""Told the host and the port once the service answers there."""


async def serve(settings: Settings, *, announce: Announce | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Raises StorageUnavailable, SchemaMismatch and PortTaken."""
    listener = _listen(settings.host, settings.port)
    service = Service(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    await service.start()
    collect_garbage_rarely()
    try:
        await _serve_http(service, listener, stopping, announce)
    finally:
        await service.stop()


def collect_garbage_rarely() -> None:
    """What was made by now stays: to look through it again and again costs two fifths of a busy service's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _listen(host: str, port: int) -> socket.socket:
    """Before anything is started: a second service beside a running one must not touch its data."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise PortTaken(host, port, error) from error


async def _serve_http(
    service: Service, listener: socket.socket, stopping: asyncio.Event, announce: Announce | None
) -> None:
    config = uvicorn.Config(
        service.app(),
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        server_header=False,
    )
    server = _Server(config)
    running = asyncio.ensure_future(server.serve(sockets=[listener]))
    listening = asyncio.ensure_future(server.listening.wait())
    await asyncio.wait({running, listening}, return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    if server.started:
        host, port = listener.getsockname()[:2]
        announcing = asyncio.ensure_future((announce or _announce)(service, host, port))
        stopped = asyncio.ensure_future(stopping.wait())
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        announcing.cancel()
        await asyncio.gather(announcing, return_exceptions=True)
        server.should_exit = True
    await running


async def _announce(_service: Service, host: str, port: int) -> None:
    sys.stderr.write(f"cmlfleet serves http://{host}:{port} (documentation at /api/docs)\n")
