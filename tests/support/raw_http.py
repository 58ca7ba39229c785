"""HTTP by hand, for what no client sends."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class RawConnection:
    """One TCP connection to the service."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        """At once, whether the other side reads or not."""
        self.writer.write(data)

    async def ask(self, data: bytes) -> tuple[int, dict[str, str]]:
        """Status and headers of the answer to what is sent."""
        self.send(data)
        return await self.head()

    async def head(self) -> tuple[int, dict[str, str]]:
        """Status and headers of the next answer; names in lower case."""
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = text.strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(first.split()[1]), {name.lower(): value for name, value in headers.items()}

    async def rest(self) -> bytes:
        """All that comes until the other side closes; a reset is an end too."""
        try:
            return await self.reader.read()
        except ConnectionError:
            return b""


@asynccontextmanager
async def raw_connection(url: str) -> AsyncGenerator[RawConnection]:
    """Closed at the end."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield RawConnection(reader, writer)
    finally:
        writer.transport.abort()
