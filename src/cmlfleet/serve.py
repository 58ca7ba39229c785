"""Running the service as a process."""

import asyncio
import contextlib
import ctypes
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable

from cmlfleet.composition import Service
from cmlfleet.garbage_collection import GarbageCollection
from cmlfleet.http_server import BACKLOG, HttpServer
from cmlfleet.open_files import allow_all_open_files
from cmlfleet.risks import refuse_risks
from cmlfleet.served_certificate import ServedCertificate
from cmlfleet.settings import Settings

_M_ARENA_MAX, _ARENAS = -8, 2  # glibc's malloc.h; one for the event loop, one for all other threads
_M_MMAP_THRESHOLD, _LARGE_BYTES = -3, 128 << 10


class PortTaken(OSError):
    """Nobody can listen there: another process does, or the address is not this machine's."""

    def __init__(self, host: str, port: int, cause: OSError) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {cause.strerror or cause}")


Announce = Callable[[Service, str], Awaitable[None]]
"""Told the URL once the service answers there."""


async def serve(settings: Settings, *, announce: Announce | None = None) -> None:
    """Serve until SIGTERM or SIGINT. SIGHUP takes up the certificate anew.

    Raises InsecureConfiguration, CertificateUnusable, PortTaken, StorageUnavailable, SchemaMismatch.
    """
    keep_few_arenas()
    allow_all_open_files()
    refuse_risks(settings)
    certificate = None
    if settings.tls_cert is not None and settings.tls_key is not None:
        certificate = ServedCertificate(settings.tls_cert, settings.tls_key)
    listener = _listen(settings.host, settings.port)
    service = Service(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    await service.start()
    garbage = GarbageCollection()
    garbage.begin()
    give_memory_back()
    server = HttpServer(
        service.app(),
        listener,
        tls=None if certificate is None else certificate.context,
        trusted_proxies=settings.trusted_proxies,
    )
    collecting = asyncio.ensure_future(garbage.look_on())
    try:
        async with _kept_current(certificate):
            await _serve_http(service, server, stopping, announce or _announce)
    finally:
        collecting.cancel()
        await service.stop()


@contextlib.asynccontextmanager
async def _kept_current(certificate: ServedCertificate | None) -> AsyncGenerator[None]:
    if certificate is None:
        yield
        return
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, certificate.reload)
    watching = asyncio.ensure_future(certificate.watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def keep_few_arenas() -> None:
    """By default glibc gives each thread a heap of its own, and what is freed in one stays there: a tenth of an idle
    service's memory. It also learns to put what is large among what is small, and then the 256 KiB buffer that uvloop
    has for each TLS connection, and hardly touches, sits on pages that a page of EC2 was once written to: a fifth of
    the memory of a large fleet. Elsewhere there is nothing to set."""
    c_library = ctypes.CDLL(None)
    if hasattr(c_library, "mallopt"):
        c_library.mallopt(_M_ARENA_MAX, _ARENAS)
        c_library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def give_memory_back() -> None:
    """What starting took and needs no more: migrations, imports, the stored records' text."""
    c_library = ctypes.CDLL(None)
    if hasattr(c_library, "malloc_trim"):
        c_library.malloc_trim(0)


def _listen(host: str, port: int) -> socket.socket:
    """Before anything is started: a second service beside a running one must not touch its data."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise PortTaken(host, port, error) from error


async def _serve_http(service: Service, server: HttpServer, stopping: asyncio.Event, announce: Announce) -> None:
    running = asyncio.ensure_future(server.serve())
    listening = asyncio.ensure_future(server.listening.wait())
    await asyncio.wait({running, listening}, return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    if server.started:
        announcing = asyncio.ensure_future(announce(service, server.url))
        stopped = asyncio.ensure_future(stopping.wait())
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        announcing.cancel()
        await asyncio.gather(announcing, return_exceptions=True)
        service.begin_to_stop()
        server.stop()
    await running


async def _announce(service: Service, url: str) -> None:
    sys.stderr.write(f"cmlfleet serves {url} (documentation at /api/docs)\n")
    code = await service.set_up_code()
    if code is not None:
        sys.stderr.write(
            f"nobody can sign in yet: make the first admin in the console with the set-up code {code}\n"
            "(once; the code of the latest start holds), or here: cmlfleet user create --role admin NAME\n"
        )
