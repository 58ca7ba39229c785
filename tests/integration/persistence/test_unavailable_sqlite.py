"""Whatever is wrong with the file of SQLite is `StorageUnavailable`."""

import asyncio
import gc
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.integration.persistence.conftest import OpenStorage
from tests.integration.persistence.every_call import all_unavailable, every_read, every_write, one_worker
from tests.integration.persistence.records import status_changed

from cmlfleet.application.ports.storage import WorkerAlreadyKnown
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.persistence import database
from cmlfleet.persistence.storage import Storage

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"])


@on_sqlite
async def test_a_full_disk_is_unavailable_for_writing_alone_and_heals(storage: Storage) -> None:
    state = await one_worker(storage)
    async with storage.database.writing() as connection:
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
        await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    events = [status_changed("w-001", "x" * 1000) for _ in range(100)]
    (said,) = await all_unavailable({"save": lambda: storage.workers.save(state, events=events)})
    assert "full" in said
    assert await storage.workers.load(state.id) == state
    assert len(await storage.outbox.pending(limit=9)) == 1
    async with storage.database.writing() as connection:
        await connection.execute(text("PRAGMA max_page_count = 1000000"))
    await storage.workers.save(state, events=events)
    assert len(await storage.outbox.pending(limit=999)) == 101


@on_sqlite
async def test_a_lock_that_another_process_holds_too_long_is_unavailable(
    url: str, open_storage: OpenStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    storage, other = open_storage(url), open_storage(url)
    state = await one_worker(storage)
    async with other.database.writing() as connection:
        await connection.execute(text("UPDATE workers SET version = version"))
        said = await all_unavailable(every_write(storage))
        assert all("locked" in text for text in said)
        assert await storage.workers.load(state.id) == state
    assert (await storage.workers.save(state)).version == 2


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path, open_storage: OpenStorage) -> None:
    path = tmp_path / "cmlfleet.db"
    path.write_text("these are my notes, and no database at all" * 100)
    storage = open_storage(f"sqlite+aiosqlite:///{path}")
    said = await all_unavailable(every_read(storage) | every_write(storage))
    assert all("not a database" in text for text in said)


@on_sqlite
async def test_a_damaged_file_is_unavailable(tmp_path: Path, url: str, open_storage: OpenStorage) -> None:
    path = Path(url.partition(":///")[2])
    _damage(path)
    await all_unavailable({"list": open_storage(url).workers.all_states})


async def test_a_folder_that_went_away_is_unavailable(tmp_path: Path, open_storage: OpenStorage) -> None:
    path = tmp_path / "gone" / "cmlfleet.db"
    storage = open_storage(f"sqlite+aiosqlite:///{path}")
    path.unlink()
    path.parent.rmdir()
    await all_unavailable(every_read(storage) | every_write(storage))


def _damage(path: Path) -> None:
    whole = path.read_bytes()
    schema = 4096  # the first page stays as it is
    path.write_bytes(whole[:schema] + b"\xff" * (len(whole) - schema))


@on_sqlite
async def test_waiting_for_a_lock_never_holds_up_the_event_loop(
    url: str, open_storage: OpenStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Freeing a cursor of a connection that waits inside SQLite would wait as long."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 30.0)
    storage, other = open_storage(url), open_storage(url)
    state = await one_worker(storage)
    with pytest.raises(WorkerAlreadyKnown) as caught:  # the error's traceback holds a cursor
        await storage.workers.add(replace(state, id=WorkerId("w-again")), events=())
    async with other.database.writing() as connection:
        await connection.execute(text("UPDATE workers SET version = version"))
        saving = asyncio.ensure_future(storage.workers.save(state))
        await asyncio.wait([saving], timeout=0.2)
        del caught
        began_at = time.monotonic()
        gc.collect()
        assert time.monotonic() - began_at < 15
        assert not saving.done()
    assert (await saving).version == 2
