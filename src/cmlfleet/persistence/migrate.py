"""Bringing the schema up to date."""

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.persistence.database import Database

HEAD_REVISION = "0001"
"""The schema that this code is written for; the newest file under `migrations/versions`."""

_MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaMismatch(Exception):
    """The database's schema is not the one this code knows; the text says what to do."""


async def current_revision(database: Database) -> str | None:
    """The schema's revision, None for an empty database. Raises StorageUnavailable."""
    try:
        async with database.reading() as connection:
            return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    except StorageUnavailable as error:
        if "no such table" in str(error):
            return None
        raise
    except DBAPIError as error:
        if "alembic_version" in str(error):
            return None
        raise


async def upgrade(database: Database) -> bool:
    """Whether anything was done. Raises SchemaMismatch for a schema newer than this code."""
    revision = await current_revision(database)
    if revision == HEAD_REVISION:
        return False
    if revision is not None and revision > HEAD_REVISION:
        raise SchemaMismatch(
            f"the database has schema {revision}, this version of cmlfleet knows {HEAD_REVISION}: "
            "start the newer version, or restore a backup from before the upgrade"
        )
    await asyncio.to_thread(_upgrade, database.url)
    return True


def alembic_config(url: str) -> Any:
    """Alembic's configuration for our migrations."""
    from alembic.config import Config  # noqa: PLC0415 - 0.3 s of imports that a start with a current schema saves

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def _upgrade(url: str) -> None:
    from alembic import command  # noqa: PLC0415 - as above

    command.upgrade(alembic_config(url), "head")
