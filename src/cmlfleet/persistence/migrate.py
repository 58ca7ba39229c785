"""Bringing the schema up to date."""

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.new_schema import create_schema
from cmlfleet.persistence.unavailable import unavailable

HEAD_REVISION = "0012"
"""The schema that this code is written for; the newest file under `migrations/versions`."""

MIGRATION_LOCK = 0x636D6C67  # an arbitrary number that nothing else in the database should lock

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


async def require_current(database: Database) -> None:
    """For processes of a cluster, none of which changes the schema under the others.

    Raises SchemaMismatch for any schema but this code's, and StorageUnavailable.
    """
    revision = await current_revision(database)
    if revision == HEAD_REVISION:
        return
    if revision is not None and not await asyncio.to_thread(_is_known, database.url, revision):
        raise _unknown(revision)
    found = "no schema yet" if revision is None else f"schema {revision}"
    raise SchemaMismatch(
        f"the database has {found}, this version of cmlfleet needs {HEAD_REVISION}: run `cmlfleet migrate` first; "
        "in a cluster no process does it by itself"
    )


async def upgrade(database: Database) -> bool:
    """Whether anything was to be done. Several may call this at once: one does it, the others wait.

    Raises SchemaMismatch for a schema that this code does not know, and StorageUnavailable.
    """
    revision = await current_revision(database)
    if revision == HEAD_REVISION:
        return False
    if revision is None and database.is_sqlite and await create_schema(database, revision=HEAD_REVISION):
        return True
    try:
        await asyncio.to_thread(_upgrade, database.url, revision)
    except Exception as error:
        if (meaning := unavailable(error)) is None:
            raise
        raise meaning from error
    return True


def alembic_config(url: str) -> Any:
    """Alembic's configuration for our migrations."""
    from alembic.config import Config  # noqa: PLC0415 - 0.3 s of imports that a start with a current schema saves

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def _upgrade(url: str, revision: str | None) -> None:
    from alembic import command  # noqa: PLC0415 - as above

    if revision is not None and not _is_known(url, revision):
        raise _unknown(revision)
    command.upgrade(alembic_config(url), "head")


def _is_known(url: str, revision: str) -> bool:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above
    from alembic.util import CommandError  # noqa: PLC0415 - as above

    try:
        ScriptDirectory.from_config(alembic_config(url)).get_revision(revision)
    except CommandError:
        return False
    return True


def _unknown(revision: str) -> SchemaMismatch:
    return SchemaMismatch(
        f"the database has schema {revision}, this version of cmlfleet knows up to {HEAD_REVISION}: "
        "start the newer version, or restore a backup from before the upgrade"
    )
