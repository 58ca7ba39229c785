"""The schema comes up to date from nothing, once, whole, and by as many processes at once as like."""

import asyncio
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, inspect, select, text
from tests.integration.persistence.conftest import OpenStorage
from tests.integration.persistence.records import SECRET_KEY, add_all, numbered, status_changed
from tests.support.processes_environment import python_environment
from tests.support.waiting import until
from tests.support.workers import NOW

from cmlfleet.application.ports.storage import Operation, StorageUnavailable
from cmlfleet.application.queries.criteria import WorkerCriteria
from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.migrate import (
    HEAD_REVISION,
    MIGRATION_LOCK,
    SchemaMismatch,
    alembic_config,
    current_revision,
    require_current,
    upgrade,
)

PROCESSES = 3
OPERATION = Operation(
    id="o",
    kind="refresh",
    state="running",
    done=0,
    total=1,
    created_by="ann",
    created_at=NOW,
)
TABLES = {*tables.metadata.tables, "alembic_version"}
ELSEWHERE = {"sqlite": {"ix_workers_name"}, "postgresql": {"ix_workers_listed"}}
"""Indexes that only the other database has."""


async def _tables(database: Database) -> set[str]:
    async with database.reading() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


def _differences(connection: Connection) -> list[object]:
    def is_here(_item: object, name: str | None, *_about: object) -> bool:
        return name not in ELSEWHERE[connection.dialect.name]

    opts = {"compare_type": True, "compare_server_default": True, "include_object": is_here}
    context = MigrationContext.configure(connection, opts=opts)
    found = {index["name"] for index in inspect(connection).get_indexes("workers")}
    assert not found & ELSEWHERE[connection.dialect.name]
    return list(compare_metadata(context, tables.metadata))


def _migrate_from_nothing(url: str, revision: str = "head") -> None:
    with ThreadPoolExecutor(1) as elsewhere:  # Alembic's environment runs a loop of its own
        elsewhere.submit(command.upgrade, alembic_config(url), revision).result()


async def _everything_in(database: Database) -> dict[str, object]:
    """Each table with its columns, indexes and number of rows."""

    def look(sync: Connection) -> dict[str, object]:
        inspector = inspect(sync)
        return {
            name: (
                {
                    str(column["name"]): {**column, "type": str(column["type"])}
                    for column in inspector.get_columns(name)
                },
                inspector.get_pk_constraint(name),
                inspector.get_foreign_keys(name),
                sorted(map(str, inspector.get_unique_constraints(name))),
                sorted(map(str, inspector.get_indexes(name))),
                sync.execute(text(f"SELECT count(*) FROM {name}")).scalar_one(),
            )
            for name in inspector.get_table_names()
        }

    async with database.reading() as connection:
        return await connection.run_sync(look)


def test_the_code_names_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(alembic_config("sqlite+aiosqlite://")).get_heads() == [HEAD_REVISION]


async def test_an_upgrade_from_nothing_makes_exactly_the_tables_of_the_code(
    empty_url: str, open_storage: OpenStorage
) -> None:
    database = open_storage(empty_url).database
    assert await current_revision(database) is None
    assert await upgrade(database) is True
    assert await current_revision(database) == HEAD_REVISION
    assert await _tables(database) == TABLES
    async with database.reading() as connection:
        assert await connection.run_sync(_differences) == []


async def test_all_migrations_one_after_the_other_make_exactly_the_tables_of_the_code(
    empty_url: str, open_storage: OpenStorage
) -> None:
    _migrate_from_nothing(empty_url)
    database = open_storage(empty_url).database
    assert await upgrade(database) is False
    assert await _tables(database) == TABLES
    async with database.reading() as connection:
        assert await connection.run_sync(_differences) == []


async def test_a_new_embedded_database_is_what_all_migrations_would_have_made(
    open_storage: OpenStorage, tmp_path: Path
) -> None:
    made, migrated = (f"sqlite+aiosqlite:///{tmp_path / name}.db" for name in ("made", "migrated"))
    await upgrade(open_storage(made).database)
    _migrate_from_nothing(migrated)
    found = [await _everything_in(open_storage(url).database) for url in (made, migrated)]
    assert found[0] == found[1]


async def test_a_second_upgrade_does_nothing_and_loses_nothing(empty_url: str, open_storage: OpenStorage) -> None:
    storage = open_storage(empty_url)
    await upgrade(storage.database)
    (state,) = await add_all(storage, numbered(1))
    assert await upgrade(storage.database) is False
    assert await open_storage(empty_url).workers.load(state.id) == state


async def test_the_same_constraints_hold_on_both_databases(url: str, open_storage: OpenStorage) -> None:
    async with open_storage(url).database.reading() as connection:

        def describe(sync: Connection) -> dict[str, tuple[list[str], list[Any], list[Any]]]:
            inspector = inspect(sync)
            return {
                name: (
                    inspector.get_pk_constraint(name)["constrained_columns"],
                    sorted(tuple(unique["column_names"]) for unique in inspector.get_unique_constraints(name)),
                    sorted(
                        tuple(index["column_names"]) for index in inspector.get_indexes(name) if not index["unique"]
                    ),
                )
                for name in tables.metadata.tables
            }

        found = await connection.run_sync(describe)
    key, unique, indexes = found["workers"]
    assert (key, unique) == (["id"], [("account_id", "region", "instance_id")])
    assert [columns[:2] for columns in indexes] == [("certificate", "certificate_shared_with"), ("name", "id")]
    assert found["events"] == (["sequence"], [("event_id",)], [("worker_id", "sequence")])
    assert found["samples"] == (["worker_id", "at"], [], [("at",)])
    assert found["api_tokens"] == (["token_id"], [("token_hash",)], [])
    assert found["tombstones"] == (["account_id", "region", "instance_id"], [], [])
    for name in ("outbox", "credentials", "operations"):
        assert found[name] == ([*tables.metadata.tables[name].primary_key.columns.keys()], [], [])


@pytest.mark.parametrize("revision", ["9999", "0000", "f00d"])
async def test_a_schema_this_code_does_not_know_is_refused_and_left_alone(
    url: str, open_storage: OpenStorage, revision: str
) -> None:
    storage = open_storage(url)
    await add_all(storage, numbered(1))
    async with storage.database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    with pytest.raises(SchemaMismatch) as caught:
        await upgrade(storage.database)
    said = str(caught.value)
    assert revision in said
    assert HEAD_REVISION in said
    assert "newer version" in said
    assert "backup" in said
    assert await current_revision(storage.database) == revision
    assert len(await storage.workers.all_states()) == 1


@pytest.mark.parametrize("revision", ["9999", "0001", None])
async def test_a_process_of_a_cluster_changes_no_schema_and_says_what_to_do(
    url: str, open_storage: OpenStorage, revision: str | None
) -> None:
    database = open_storage(url).database
    await require_current(database)
    async with database.writing() as connection:
        if revision is None:
            await connection.execute(text("DROP TABLE alembic_version"))
        else:
            await connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    with pytest.raises(SchemaMismatch) as caught:
        await require_current(database)
    said = str(caught.value)
    assert ("newer version" if revision == "9999" else "run `cmlfleet migrate` first") in said
    assert (revision or "no schema yet") in said
    assert await current_revision(database) == revision


async def test_operations_of_the_first_schema_are_kept(empty_url: str, open_storage: OpenStorage) -> None:
    _migrate_from_nothing(empty_url, "0001")
    storage = open_storage(empty_url)
    async with storage.database.writing() as connection:
        await connection.execute(
            text("INSERT INTO operations (id, created_at, finished, document) VALUES ('o', :at, :no, :document)"),
            {"at": "2026-01-01 00:00:00", "no": False, "document": msgspec.json.encode(OPERATION)}
            if storage.database.is_sqlite
            else {"at": OPERATION.created_at, "no": False, "document": msgspec.json.encode(OPERATION)},
        )
    await upgrade(storage.database)
    assert await storage.operations.get("o") == OPERATION
    assert await storage.installation.next_fence() == 1


async def test_workers_of_the_schema_before_are_found_by_their_words_and_in_their_order(
    empty_url: str, open_storage: OpenStorage
) -> None:
    _migrate_from_nothing(empty_url, "0011")
    storage = open_storage(empty_url)
    states = await add_all(storage, *(numbered(number, note="x" * 5_000) for number in (2, 1)))
    assert await upgrade(storage.database) is True
    found = await storage.reader.find_states(WorkerCriteria(q=states[0].name))
    assert (found.items, found.total) == ((states[0],), 1)
    assert (await storage.reader.find_states(WorkerCriteria())).items == tuple(reversed(states))


async def test_an_upgrade_that_fails_half_way_leaves_nothing_behind(
    empty_url: str, open_storage: OpenStorage
) -> None:
    database = open_storage(empty_url).database
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE workers (id INTEGER)"))  # in the way of the last step
    with pytest.raises(Exception, match="workers"):
        await upgrade(database)
    assert await _tables(database) - {"alembic_version"} == {"workers"}
    assert await current_revision(database) is None
    async with database.writing() as connection:
        await connection.execute(text("DROP TABLE workers"))
    assert await upgrade(database) is True
    assert await _tables(database) == TABLES


async def test_many_processes_that_migrate_at_once_are_all_content(
    empty_url: str, open_storage: OpenStorage, tmp_path: Path
) -> None:
    processes = [await _migrating_process(empty_url, tmp_path) for _ in range(PROCESSES)]
    said = [(await process.communicate())[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, said
    storage = open_storage(empty_url)
    assert await _tables(storage.database) == TABLES
    async with storage.database.reading() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).all() == [(HEAD_REVISION,)]
    await storage.workers.add(numbered(1), events=[status_changed("w-001")])


async def test_an_upgrade_waits_for_another_that_is_under_way(empty_url: str, open_storage: OpenStorage) -> None:
    database = open_storage(empty_url).database
    async with database.writing() as connection:
        if database.is_sqlite:
            await connection.execute(text("CREATE TABLE under_way (id INTEGER)"))
        else:
            await connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        upgrading = asyncio.ensure_future(upgrade(open_storage(empty_url).database))
        done, _ = await asyncio.wait([upgrading], timeout=1.0)  # it would be done in half of that
        assert not done
    assert await upgrading is True


async def test_an_upgrade_that_is_killed_leaves_nothing_behind(
    empty_url: str, open_storage: OpenStorage, tmp_path: Path
) -> None:
    database = open_storage(empty_url).database
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE probe (id INTEGER)"))
    process = await _migrating_process(empty_url, tmp_path, killed_in_the_middle=True)
    assert await process.wait() == -signal.SIGKILL
    await until(lambda: _is_free(database))
    assert await _tables(database) == {"probe"}
    assert await upgrade(database) is True


async def test_no_database_to_migrate_is_unavailable(open_storage: OpenStorage, tmp_path: Path) -> None:
    nowhere = open_storage("postgresql+asyncpg://u@127.0.0.1:1/d").database
    with pytest.raises(StorageUnavailable):
        await upgrade(nowhere)
    gone = tmp_path / "gone" / "cmlfleet.db"
    database = open_storage(f"sqlite+aiosqlite:///{gone}").database
    gone.unlink()
    gone.parent.rmdir()
    with pytest.raises(StorageUnavailable):
        await upgrade(database)


async def test_a_database_that_may_not_be_changed_is_unavailable_for_an_upgrade(
    empty_url: str, engine: str, open_storage: OpenStorage, request: pytest.FixtureRequest
) -> None:
    if engine == "postgresql":
        name = empty_url.rpartition("/")[2]
        request.getfixturevalue("postgres").sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        wanted = empty_url
    else:
        await open_storage(empty_url).database.ping()
        wanted = empty_url.replace("sqlite+aiosqlite:///", "sqlite+aiosqlite:///file:") + "?mode=ro&uri=true"
    database = Database(wanted)
    with pytest.raises(StorageUnavailable, match=r"read-?only"):
        await upgrade(database)
    await database.close()


def test_downgrading_takes_everything_back(empty_url: str) -> None:
    """No release does this to people's data; it keeps the migrations honest on both databases."""
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(command.upgrade, alembic_config(empty_url), "head").result()
        elsewhere.submit(command.downgrade, alembic_config(empty_url), "base").result()
    assert asyncio.run(_tables(Database(empty_url))) == {"alembic_version"}


async def _migrating_process(
    url: str, directory: Path, *, killed_in_the_middle: bool = False
) -> asyncio.subprocess.Process:
    module = "tests.support.killed_migration" if killed_in_the_middle else "cmlfleet"
    kept = {name: value for name, value in python_environment().items() if not name.startswith("CMLFLEET_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        "migrate",
        cwd=directory,
        env=kept
        | {"CMLFLEET_DATABASE_URL": url, "CMLFLEET_SECRET_KEY": SECRET_KEY, "AWS_DEFAULT_REGION": "us-east-1"},
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def _is_free(database: Database) -> bool:
    try:
        async with database.writing() as connection:
            await connection.execute(text("DELETE FROM probe"))
    except StorageUnavailable:
        return False
    return True
