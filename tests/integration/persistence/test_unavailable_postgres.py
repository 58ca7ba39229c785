"""Whatever is wrong with PostgreSQL is `StorageUnavailable`, and heals by itself."""

import asyncio
import signal
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from tests.integration.persistence.conftest import OpenStorage
from tests.integration.persistence.every_call import all_unavailable, every_read, every_write, one_worker
from tests.integration.persistence.records import status_changed
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.waiting import until

from cmlfleet.application.services import outbox_delivery
from cmlfleet.application.services.outbox_delivery import OutboxDelivery
from cmlfleet.persistence import database
from cmlfleet.persistence.migrate import upgrade
from cmlfleet.persistence.storage import Storage

on_postgresql = pytest.mark.parametrize("engine", ["postgresql"])


@pytest.fixture
def own_postgres() -> Generator[PostgresServer]:
    """A server that a test may stop."""
    with running_postgres() as server:
        yield server


@asynccontextmanager
async def _migrated(server: PostgresServer, open_storage: OpenStorage) -> AsyncGenerator[Storage]:
    storage = open_storage(server.new_database())
    await upgrade(storage.database)
    yield storage


async def test_postgres_that_is_stopped_is_unavailable_and_heals_when_it_is_back(
    own_postgres: PostgresServer, open_storage: OpenStorage
) -> None:
    async with _migrated(own_postgres, open_storage) as storage:
        state = await one_worker(storage)
        for how in (signal.SIGINT, signal.SIGQUIT):
            own_postgres.stop(how)
            await all_unavailable(every_read(storage) | every_write(storage))
            own_postgres.start()
            assert await storage.workers.load(state.id) == state
            state = await storage.workers.save(state)


async def test_postgres_that_stops_in_the_middle_of_a_transaction_leaves_nothing_of_it(
    own_postgres: PostgresServer, open_storage: OpenStorage
) -> None:
    async with _migrated(own_postgres, open_storage) as storage:
        state = await one_worker(storage)

        async def delete_all() -> None:
            async with storage.database.writing() as connection:
                await connection.execute(text("DELETE FROM workers"))
                own_postgres.stop(signal.SIGQUIT)
                await connection.execute(text("DELETE FROM events"))

        await all_unavailable({"delete": delete_all})
        own_postgres.start()
        assert await storage.workers.load(state.id) == state


async def test_delivery_waits_out_a_database_that_is_gone_for_a_while(
    own_postgres: PostgresServer, open_storage: OpenStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_delivery, "FIRST_PAUSE_SECONDS", 0.05)
    async with _migrated(own_postgres, open_storage) as storage:
        await one_worker(storage)
        own_postgres.stop()
        received: list[str] = []

        async def receive(event: object) -> None:
            received.append(repr(event))

        delivery = OutboxDelivery(outbox=storage.outbox, handlers={"receive": receive})
        delivery.start()
        try:
            await asyncio.sleep(0.1)
            own_postgres.start()
            await until(lambda: received)
        finally:
            await delivery.close()


@on_postgresql
async def test_postgres_that_hangs_is_unavailable_before_long(
    url: str, open_storage: OpenStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 0.3)
    storage, other = open_storage(url), open_storage(url)
    state = await one_worker(storage)
    async with other.database.writing() as connection:
        await connection.execute(text("LOCK TABLE workers"))
        await all_unavailable({"save": lambda: storage.workers.save(state)})
    assert (await storage.workers.save(state)).version == 2


async def test_an_address_where_nobody_answers_is_unavailable_before_long(
    open_storage: OpenStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CONNECT_SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        storage = open_storage(f"postgresql+asyncpg://u@127.0.0.1:{silent.getsockname()[1]}/d")
        await all_unavailable({"ping": storage.database.ping})


@on_postgresql
async def test_a_database_that_lets_nobody_in_is_unavailable(
    postgres: PostgresServer, url: str, storage: Storage
) -> None:
    await one_worker(storage)
    name = url.rpartition("/")[2]
    postgres.sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    await all_unavailable(every_read(storage) | every_write(storage))
    postgres.sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert len(await storage.workers.all_states()) == 1


@pytest.mark.parametrize("what", ["user", "database"])
async def test_a_user_or_database_that_does_not_exist_is_unavailable(
    postgres: PostgresServer, open_storage: OpenStorage, what: str
) -> None:
    url = postgres.url("postgres")
    wrong = url.replace("postgres@", "nobody_we_know@") if what == "user" else url.replace("/postgres", "/nowhere")
    (said,) = await all_unavailable({"ping": open_storage(wrong).database.ping})
    assert ("nobody_we_know" if what == "user" else "nowhere") in said


@on_postgresql
@pytest.mark.parametrize("sqlstate", ["53100", "53300", "57P01", "40001", "40P01", "58030"])
async def test_postgres_s_own_troubles_are_unavailable(url: str, storage: Storage, sqlstate: str) -> None:
    """53100 is a full disk, which only root could bring about; the server itself raises the same error here."""
    state = await one_worker(storage)
    async with storage.database.writing() as connection:
        await connection.execute(
            text(
                "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '{sqlstate}'; END $$"
            )
        )
        await connection.execute(
            text("CREATE TRIGGER trouble BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION trouble()")
        )
    (said,) = await all_unavailable({"save": lambda: storage.workers.save(state, events=[status_changed("w-001")])})
    assert "no space left" in said
    assert await storage.workers.load(state.id) == state
