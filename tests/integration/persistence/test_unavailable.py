"""A database that cannot be used is `StorageUnavailable` on both engines; data that is wrong is not that."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.integration.persistence.conftest import OpenStorage
from tests.integration.persistence.every_call import all_unavailable, every_write, one_worker
from tests.integration.persistence.records import add_all, numbered, status_changed
from tests.support.postgres import PostgresServer

from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.persistence.storage import Storage


async def test_a_database_that_may_only_be_read_is_unavailable_for_writing_alone(
    url: str, engine: str, open_storage: OpenStorage, request: pytest.FixtureRequest
) -> None:
    storage = open_storage(url)
    state = await one_worker(storage)
    if engine == "sqlite":
        async with storage.database.writing() as connection:
            await connection.execute(text("PRAGMA query_only = ON"))
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        server.sql(f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
        await storage.database.close()
    said = await all_unavailable(every_write(storage))
    assert all("read" in text for text in said)
    assert await storage.workers.load(state.id) == state


async def test_data_that_is_wrong_does_not_make_the_database_unavailable(storage: Storage) -> None:
    """Otherwise one bad value would look like an outage, and take its neighbours along."""
    async with storage.database.reading() as connection:
        beyond = text("SELECT CAST(:number AS INTEGER)").bindparams(number=2**70)
        with pytest.raises((DBAPIError, OverflowError)):
            await connection.execute(beyond)
    with pytest.raises((DBAPIError, OverflowError)):
        async with storage.database.writing() as connection:
            await connection.execute(text("UPDATE workers SET version = :number"), {"number": 2**70})
    await storage.database.ping()


async def test_a_group_that_finds_the_database_gone_is_not_tried_one_by_one(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = await add_all(storage, *(numbered(number) for number in range(5)))
    tried: list[int] = []
    together = storage.workers._save_together

    async def counted(saves: list[object]) -> object:
        tried.append(len(saves))
        await storage.database.close()
        monkeypatch.setattr(storage.database, "writing", _gone)
        return await together(saves)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(storage.workers, "_save_together", counted)
    answers = await asyncio.gather(*(storage.workers.save(state) for state in states), return_exceptions=True)
    assert all(isinstance(answer, StorageUnavailable) for answer in answers)
    assert tried == [5]


async def test_an_unavailable_database_changes_no_record_in_memory(storage: Storage) -> None:
    state = await one_worker(storage)
    changed = replace(state, name="changed")
    async with storage.database.writing() as connection:
        await connection.execute(text("ALTER TABLE outbox RENAME TO moved"))
    with pytest.raises(Exception, match="outbox"):
        await storage.workers.save(changed, events=[status_changed(state.id)])
    assert changed.version == state.version
    assert await storage.workers.load(WorkerId("w-001")) == state


@asynccontextmanager
async def _gone() -> AsyncGenerator[None]:
    raise StorageUnavailable("gone")
    yield
