"""Runs migrations over an own connection: foreign keys are off meanwhile, since batch mode re-creates tables and
dropping a parent would take its children along."""

import asyncio
from typing import Literal

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from cmlfleet.persistence.tables import PlainText, UTCDateTime, metadata


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=_render,
    )
    with context.begin_transaction():
        context.run_migrations()


def _render(kind: str, item: object, _context: object) -> str | Literal[False]:
    if kind == "type" and isinstance(item, PlainText):
        return "sa.Text()"
    return "tables.UTCDateTime()" if kind == "type" and isinstance(item, UTCDateTime) else False


async def _run() -> None:
    url = context.config.get_main_option("sqlalchemy.url") or ""
    engine = create_async_engine(url, poolclass=pool.NullPool)
    sqlite = url.startswith("sqlite")
    async with engine.connect() as connection:
        if sqlite:
            await connection.execute(text("PRAGMA foreign_keys=OFF"))
            await connection.commit()
        await connection.run_sync(_migrate)
        await connection.commit()
        if sqlite and (await connection.execute(text("PRAGMA foreign_key_check"))).first() is not None:
            raise RuntimeError("the migration left rows that refer to nothing")
    await engine.dispose()


asyncio.run(_run())
