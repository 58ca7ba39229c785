"""The same tests on SQLite and on a real PostgreSQL, each test with a database of its own."""

import shutil
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.integration.persistence.records import SECRET_KEY
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.workers import NOW

from cmlfleet.persistence.migrate import alembic_config
from cmlfleet.persistence.secret_key import GivenKeys, KeySource
from cmlfleet.persistence.storage import Storage

OpenStorage = Callable[..., Storage]


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """One server for all tests, gone at the end."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of a database with our schema, which tests get copies of."""
    postgres.sql("CREATE DATABASE migrated TEMPLATE template0")
    _migrate(postgres.url("migrated"))
    return "migrated"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with our schema, which tests get copies of."""
    path = tmp_path_factory.mktemp("template") / "cmlfleet.db"
    _migrate(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each test that uses this runs on both."""
    return request.param


@pytest.fixture
def empty_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """A database without any table."""
    if engine == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'cmlfleet.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop_database(url)


@pytest.fixture
def url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """A database with our schema and no rows."""
    if engine == "sqlite":
        path = tmp_path / "cmlfleet.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.new_database(template=request.getfixturevalue("postgres_template"))
    yield url
    server.drop_database(url)


@pytest.fixture
async def open_storage(tmp_path: Path) -> AsyncGenerator[OpenStorage]:
    """Opens a database as one more process would, with connections of its own."""
    opened: list[Storage] = []

    def open_one(url: str, *, keys: KeySource | None = None) -> Storage:
        keys = keys or GivenKeys(SECRET_KEY)
        storage = Storage(url=url, data_dir=tmp_path / "data", keys=keys, clock=lambda: NOW)
        opened.append(storage)
        return storage

    yield open_one
    for storage in opened:
        await storage.close()


@pytest.fixture
async def storage(url: str, open_storage: OpenStorage) -> Storage:
    """An empty store. Its clock stands at `NOW`."""
    return open_storage(url)


@pytest.fixture
async def other(url: str, open_storage: OpenStorage) -> Storage:
    """The same database through a second engine."""
    return open_storage(url)


def _migrate(url: str) -> None:
    from alembic import command  # noqa: PLC0415 - slow to import, and not needed by every test

    # In a thread of its own: the migration runs an event loop, and the main thread's is pytest's.
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(command.upgrade, alembic_config(url), "head").result()
