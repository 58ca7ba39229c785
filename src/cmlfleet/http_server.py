"""The HTTP server: uvicorn on a socket of ours, with our limits on connections."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Generator, Sequence
from typing import Any

import uvicorn

from cmlfleet.api.http_connection import HttpConnection
from cmlfleet.settings import Network

BACKLOG = 2048  # connections that wait to be taken
SHUTDOWN_SECONDS = 10  # for requests that are being answered; event streams end at once
_LOOK_EVERY_SECONDS = 1.0  # the Date header has whole seconds
HANDSHAKE_SECONDS = 10.0  # for TLS; a client that is there needs a tenth


class HttpServer(uvicorn.Server):
    """Leaves signals to us: the service has more to stop than its port. `listening` is set once it answers.

    `X-Forwarded-For` and `-Proto` are believed of `trusted_proxies` alone.
    """

    def __init__(
        self,
        app: Any,
        listener: socket.socket,
        *,
        tls: ssl.SSLContext | None = None,
        trusted_proxies: Sequence[Network] = (),
    ) -> None:
        config = uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            http=HttpConnection,
            ws="none",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            server_header=False,
            # By default uvicorn believes this machine, and whomever a variable of its own names.
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=[str(network) for network in trusted_proxies],
        )
        super().__init__(config)
        self._listener = listener
        self._tls = tls
        self.listening = asyncio.Event()
        self._stopping = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it answers."""
        host, port = self._listener.getsockname()[:2]
        literal = f"[{host}]" if ":" in host else host
        return f"{'http' if self._tls is None else 'https'}://{literal}:{port}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn's own way to listen leaves a handshake a whole minute."""
        del sockets
        await super().startup([])
        server = await asyncio.get_running_loop().create_server(
            self._connection,
            sock=self._listener,
            ssl=self._tls,
            backlog=BACKLOG,
            ssl_handshake_timeout=None if self._tls is None else HANDSHAKE_SECONDS,
        )
        self.servers.append(server)
        self.listening.set()

    def stop(self) -> None:
        """Take no more requests, and end once those under way are answered."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        """uvicorn's own looks ten times a second whether it is to stop: a sixth of what an idle service does."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_SECONDS):
                    await self._stopping.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """None."""
        yield

    def _connection(self) -> HttpConnection:
        return HttpConnection(self.config, self.server_state, self.lifespan.state)
