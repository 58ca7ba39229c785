"""`cmlfleet backup` and `restore`: the embedded database, while the service runs on it."""

import asyncio
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cmlfleet.cli.configuration import configured
from cmlfleet.cli.confirmation import confirm
from cmlfleet.cli.exit_codes import USAGE, CommandFailed
from cmlfleet.cli.options import Config, Yes

if TYPE_CHECKING:
    from cmlfleet.persistence.backup import Contents
    from cmlfleet.settings import Settings


def backup(file: Path, *, yes: Yes = False, config: Config = None) -> None:
    """Copy the embedded database to a file, while the service runs.

    Stored secrets stay encrypted in it, and their key is not: keep that apart.

    Parameters
    ----------
    file
        Where to; readable by you alone.
    """
    live = _embedded(configured(config), instead="pg_dump --format=custom --file=FILE DATABASE")
    from cmlfleet.persistence.backup import NotABackup, look_into, make_copy  # noqa: PLC0415 - slow to import

    try:
        look_into(live)
        if file.exists():
            confirm(f"Replace {file}?", yes=yes)
        make_copy(live, file)
        contents = look_into(file)
    except NotABackup as error:
        raise CommandFailed(f"there is nothing to back up: {error}") from None
    except (OSError, sqlite3.Error) as error:
        raise CommandFailed(f"the backup failed, and left nothing behind: {error}") from None
    sys.stderr.write(f"{file}: {_told(contents)}; the secret key is not in it\n")


def restore(file: Path, *, yes: Yes = False, config: Config = None) -> None:
    """Put a backup in the place of the embedded database; a service that runs goes on with it.

    What was there is kept in a file beside it. Everybody has to sign in to the console again.

    Parameters
    ----------
    file
        What `cmlfleet backup` made; one of an older schema is brought up to date.
    """
    settings = configured(config)
    live = _embedded(settings, instead="pg_restore --clean --dbname=DATABASE FILE")
    from cmlfleet.application.ports.storage import StorageUnavailable  # noqa: PLC0415 - slow to import
    from cmlfleet.persistence import backup as copies  # noqa: PLC0415 - as above
    from cmlfleet.persistence.migrate import HEAD_REVISION, SchemaMismatch  # noqa: PLC0415 - as above

    keep = live.with_name(f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db")
    try:
        contents = copies.look_into(file)
    except copies.NotABackup as error:
        raise CommandFailed(str(error)) from None
    try:
        confirm(f"Put {file} ({_told(contents)}) in the place of {live}?", yes=yes)
        live.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        had_data = copies.restore(file, live, keep=keep)
        asyncio.run(_write_down(settings, file))
    except SchemaMismatch:
        text = f"{file} has schema {contents.schema}, this version of cmlfleet knows up to {HEAD_REVISION}"
        raise CommandFailed(f"{text}: restore it with the version that made it, or a newer one") from None
    except (copies.NotABackup, StorageUnavailable) as error:
        raise CommandFailed(str(error)) from None
    except (OSError, sqlite3.Error) as error:
        raise CommandFailed(f"{live} cannot be replaced ({error}); move it away, then restore") from None
    sys.stderr.write(f"restored {contents.workers} workers and {contents.events} events from {file}\n")
    if contents.schema != HEAD_REVISION:
        sys.stderr.write(f"its schema {contents.schema} was brought up to {HEAD_REVISION}\n")
    if had_data:
        sys.stderr.write(f"what was there before is kept as {keep}\n")


async def _write_down(settings: "Settings", file: Path) -> None:
    """Into the trail that was restored; and say whose credentials no key at hand decrypts."""
    from uuid import uuid4  # noqa: PLC0415 - only here

    from cmlfleet.application.ports.audit import AuditEntry  # noqa: PLC0415 - as above
    from cmlfleet.composition import open_storage  # noqa: PLC0415 - as above
    from cmlfleet.composition.access import server_principal  # noqa: PLC0415 - as above
    from cmlfleet.persistence.key_in_force import KeyStanding  # noqa: PLC0415 - as above

    storage, who = open_storage(settings), server_principal()
    try:
        await storage.audit.add(
            AuditEntry(
                id=uuid4().hex,
                at=datetime.now(UTC),
                actor=who.name,
                actor_kind=who.kind.value,
                role=who.role.value,
                address=None,
                action="restore",
                worker_id=None,
                request={"file": str(file)},
                result="done",
                detail=None,
            )
        )
        standing = await KeyStanding.of(storage.database, await asyncio.to_thread(storage.keys.load))
    finally:
        await storage.close()
    if standing.unreadable:
        sys.stderr.write(
            f"{standing.unreadable} stored secrets are under another key than those given: give that key too "
            "(CMLFLEET_SECRET_KEY), or set the credentials again\n"
        )


def _embedded(settings: "Settings", *, instead: str) -> Path:
    if not settings.database_url.startswith("sqlite"):
        raise CommandFailed(f"the database is PostgreSQL: use its own tools, {instead}", status=USAGE)
    return Path(settings.database_url.partition(":///")[2])


def _told(contents: "Contents") -> str:
    newest = "" if contents.newest_event_at is None else f", the newest of {contents.newest_event_at[:19]} UTC"
    return f"{contents.workers} workers, {contents.events} events{newest}, schema {contents.schema}"
