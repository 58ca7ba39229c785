"""Copies of the embedded database, made and put back while the service runs on it (SQLite's online backup)."""

import asyncio
import os
import secrets
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import msgspec

from cmlfleet.persistence.database import Database
from cmlfleet.persistence.migrate import upgrade

BUSY_SECONDS = 30.0  # for a writer's transaction, which takes milliseconds
_MAGIC = b"SQLite format 3\x00"
_ENDED_BY_A_RESTORE = ("sessions", "openid_attempts")  # whoever signed out since then stays signed out
_VERSIONS_AHEAD = 1_000  # more saves of one worker than a restore leaves time for


class NotABackup(Exception):
    """The file holds nothing that could be restored; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a database holds; `newest_event_at` is as stored, in UTC."""

    schema: str
    workers: int
    events: int
    newest_event_at: str | None


def look_into(path: Path) -> Contents:
    """Raises NotABackup for what is no whole database of cmlfleet."""
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise NotABackup(f"{path} is no SQLite database")
        with closing(_to_read(path)) as database:
            (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise NotABackup(f"{path} is damaged: {verdict}")
            (schema,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
            (workers,) = database.execute("SELECT count(*) FROM workers").fetchone()
            events, newest = database.execute("SELECT count(*), max(occurred_at) FROM events").fetchone()
    except OSError as error:
        raise NotABackup(f"{path} cannot be read: {error.strerror}") from None
    except (sqlite3.DatabaseError, TypeError) as error:
        reason = "it is another program's" if "no such table" in str(error) else str(error)
        raise NotABackup(f"{path} is no database of cmlfleet: {reason}") from None
    return Contents(schema=schema, workers=workers, events=events, newest_event_at=newest)


def make_copy(source: Path, target: Path) -> None:
    """The database as it is at one moment, whoever writes meanwhile; the target is for its owner alone, and whole
    or not there. Raises OSError and sqlite3.Error."""
    unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        # In one step: SQLite would begin again after each write of another process, and there is one each second.
        with closing(_to_read(source)) as original, closing(sqlite3.connect(unfinished)) as copy:
            original.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
        with unfinished.open("rb+") as written:
            os.fsync(written.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def restore(backup: Path, live: Path, *, keep: Path) -> bool:
    """Put a backup in the place of the live database, for whoever has it open too, in one transaction.

    What was there before is kept as `keep`; false where there was nothing. An older schema is brought up to date.
    Raises NotABackup, SchemaMismatch, StorageUnavailable, OSError and sqlite3.Error; nothing has changed then.
    """
    look_into(backup)
    with TemporaryDirectory(prefix="restore-", dir=live.parent) as folder:
        prepared = Path(folder) / "prepared.db"
        make_copy(backup, prepared)
        asyncio.run(_bring_up_to_date(prepared))
        had_data = live.exists() and live.stat().st_size > 0
        if had_data:
            make_copy(live, keep)
        _make_successor(prepared, of=keep if had_data else None)
        os.close(os.open(live, os.O_RDWR | os.O_CREAT, 0o600))
        with (
            closing(sqlite3.connect(prepared)) as source,
            closing(sqlite3.connect(live, timeout=BUSY_SECONDS)) as target,
        ):
            source.backup(target)
    return had_data


async def _bring_up_to_date(path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{path}")
    try:
        await upgrade(database)
    finally:
        await database.close()


def _make_successor(prepared: Path, *, of: Path | None) -> None:
    """Tell the database from the one before: a service that runs sees another incarnation, and no save that began
    before meets a record of the version that it expects."""
    incarnation, versions = (0, dict[str, int]()) if of is None else _generation(of)
    with closing(sqlite3.connect(prepared)) as database:
        with database:
            for table in _ENDED_BY_A_RESTORE:
                database.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
            records = database.execute("SELECT id, version, document FROM workers").fetchall()
            for worker_id, version, document in records:
                ahead = max(version, versions.get(worker_id, 0)) + _VERSIONS_AHEAD
                state = msgspec.json.decode(document) | {"version": ahead}
                row = (ahead, msgspec.json.encode(state), worker_id)
                database.execute("UPDATE workers SET version = ?, document = ? WHERE id = ?", row)
        database.execute(f"PRAGMA user_version = {(incarnation + 1) % 2**31}")


def _generation(path: Path) -> tuple[int, dict[str, int]]:
    with closing(_to_read(path)) as database:
        (incarnation,) = database.execute("PRAGMA user_version").fetchone()
        try:
            return incarnation, dict(database.execute("SELECT id, version FROM workers").fetchall())
        except sqlite3.OperationalError:
            return incarnation, {}  # a file without any table yet


def _to_read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS)
