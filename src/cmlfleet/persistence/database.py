"""Connections to SQLite and PostgreSQL."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from cmlfleet.persistence.unavailable import unavailable

BUSY_SECONDS = 10.0  # a writer waits this long for another process's transaction
BUSY_POLL_SECONDS = 0.01  # its transactions take milliseconds
CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 30.0  # no statement of ours takes seconds: beyond this the server hangs
POOL_SECONDS = 30.0
POOL_SIZE = 10
CACHE_KIB = 512  # of each connection to SQLite; the rest is in the operating system's cache, once for all of them


class Database:
    """Writers begin with `BEGIN IMMEDIATE` on SQLite, where a transaction that reads first would lose updates;
    readers have connections of their own and never queue behind a writer."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            self._writer = _sqlite_engine(url, size=1, busy_milliseconds=0)
            self._reader = _sqlite_engine(url, size=4, busy_milliseconds=round(BUSY_SECONDS * 1000))
        else:
            self._writer = _postgres_engine(url)
            self._reader = self._writer

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._writer.dialect.name

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction, committed at the end. Raises StorageUnavailable."""
        async with _transaction(self._writer, begin="BEGIN IMMEDIATE" if self.is_sqlite else None) as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that only reads. Raises StorageUnavailable."""
        async with _transaction(self._reader, begin="BEGIN" if self.is_sqlite else None) as connection:
            yield connection

    async def ping(self) -> None:
        """Raises StorageUnavailable when the database does not answer."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def incarnation(self) -> int:
        """Another number once a backup was put in the place of the database. Raises StorageUnavailable."""
        if not self.is_sqlite:
            return 0
        try:
            async with self._reader.connect() as connection:
                # Asked each second. By the driver itself it is one turn of the connection's thread, and not nine.
                driver: Any = (await connection.get_raw_connection()).driver_connection
                return (await driver.execute_fetchall("PRAGMA user_version"))[0][0]
        except Exception as error:
            if (meaning := unavailable(error)) is None:
                raise
            raise meaning from error

    async def close(self) -> None:
        """Close every connection."""
        await self._reader.dispose()
        await self._writer.dispose()


@asynccontextmanager
async def _transaction(engine: AsyncEngine, *, begin: str | None) -> AsyncGenerator[AsyncConnection]:
    try:
        async with engine.begin() as connection:
            if begin is not None:
                await _begin(connection, begin)
            yield connection
    except Exception as error:
        if (meaning := unavailable(error)) is None:
            raise
        raise meaning from error


async def _begin(connection: AsyncConnection, statement: str) -> None:
    """Waits for another process's transaction here and not within SQLite: there the waiting thread holds a mutex of
    its connection, and a garbage collection that frees one of its cursors would wait for it with the event loop."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            await connection.exec_driver_sql(statement)
        except OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        else:
            return
        await asyncio.sleep(BUSY_POLL_SECONDS)


def _postgres_engine(url: str) -> AsyncEngine:
    return create_async_engine(
        url,
        connect_args={"timeout": CONNECT_SECONDS, "command_timeout": STATEMENT_SECONDS},
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text goes to the log
    )


def _sqlite_engine(url: str, *, size: int, busy_milliseconds: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS},
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_use_lifo=True,  # each connection has a thread and a page cache of its own
        hide_parameters=True,
    )

    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we, not the driver, say when a transaction begins
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"busy_timeout={busy_milliseconds}",
            f"cache_size=-{CACHE_KIB}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine.sync_engine, "connect", on_connect)
    return engine
