"""Runs all migrations in one transaction over an own connection: everything is done or nothing, and whoever migrates
at the same time waits. Foreign keys are off meanwhile, since batch mode re-creates tables and dropping a parent would
take its children along."""

import asyncio
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, event, func, pool, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from cmlfleet.persistence.database import CONNECT_SECONDS
from cmlfleet.persistence.migrate import MIGRATION_LOCK
from cmlfleet.persistence.tables import PlainText, UTCDateTime, metadata

PATIENCE_SECONDS = 600.0  # for another process's migration, which may have a long history to move


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=_render,
        transactional_ddl=True,
    )
    context.run_migrations()


def _render(kind: str, item: object, _context: object) -> str | Literal[False]:
    if kind == "type" and isinstance(item, PlainText):
        return "sa.Text()"
    return "tables.UTCDateTime()" if kind == "type" and isinstance(item, UTCDateTime) else False


def _sqlite_engine(url: str) -> AsyncEngine:
    engine = create_async_engine(url, poolclass=pool.NullPool, connect_args={"timeout": PATIENCE_SECONDS})

    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # or the driver would commit before each change of the schema
        connection.execute("PRAGMA foreign_keys=OFF")

    event.listen(engine.sync_engine, "connect", on_connect)
    return engine


async def _run_on_sqlite(url: str) -> None:
    engine = _sqlite_engine(url)
    try:
        async with engine.begin() as connection:
            # Here and not as the engine's "begin" event: a refusal there would leave the connection open.
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            await connection.run_sync(_migrate)
            if (await connection.execute(text("PRAGMA foreign_key_check"))).first() is not None:
                raise RuntimeError("the migration left rows that refer to nothing")
    finally:
        await engine.dispose()


async def _run_on_postgres(url: str) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool, connect_args={"timeout": CONNECT_SECONDS})
    try:
        async with engine.begin() as connection:
            await connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            await connection.run_sync(_migrate)
    finally:
        await engine.dispose()


_url = context.config.get_main_option("sqlalchemy.url") or ""
asyncio.run(_run_on_sqlite(_url) if _url.startswith("sqlite") else _run_on_postgres(_url))
