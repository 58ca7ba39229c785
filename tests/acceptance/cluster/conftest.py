"""Servers that the tests share, and a cluster of its own on empty data for each test."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic import command
from tests.support.cluster import Cluster, running_cluster
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.product import SimulatedCloud, simulated_cloud
from tests.support.redis_server import RedisServer, running_redis
from tests.support.tcp_proxy import TcpProxy

from cmlfleet.persistence.migrate import alembic_config

WORKERS = 6


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Generator[SimulatedCloud]:
    """A steady fleet of workers that are ready."""
    with simulated_cloud(tmp_path_factory.mktemp("cloud"), "--workers", str(WORKERS)) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def postgres() -> Generator[PostgresServer]:
    """With a database `migrated` that tests get copies of."""
    with running_postgres() as server:
        server.sql("CREATE DATABASE migrated TEMPLATE template0")
        # In a thread of its own: a migration runs an event loop.
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(command.upgrade, alembic_config(server.url("migrated")), "head").result()
        yield server


@pytest.fixture
def redis() -> Generator[RedisServer]:
    """A server of its own: some tests kill it."""
    with running_redis() as server:
        yield server


StartCluster = Callable[..., Cluster]


@pytest.fixture
def new_cluster(
    cloud: SimulatedCloud, postgres: PostgresServer, redis: RedisServer, tmp_path: Path
) -> Generator[StartCluster]:
    """Makes a cluster on empty data; arguments as of `running_cluster`."""
    with ExitStack() as stack:

        def start(**settings: object) -> Cluster:
            url = postgres.new_database(template="migrated")
            stack.callback(postgres.drop_database, url)
            return stack.enter_context(running_cluster(cloud, postgres, url, redis, tmp_path, **settings))  # pyright: ignore[reportArgumentType]

        yield start
    cloud.mend()


@pytest.fixture
def cluster(new_cluster: StartCluster) -> Cluster:
    """Three seconds between refreshes, five for a controller to answer, and no process yet."""
    return new_cluster(cml_timeout="5")


@pytest.fixture
def proxy(cluster: Cluster) -> Generator[TcpProxy]:
    """The network between one process and Redis."""
    proxy = TcpProxy(cluster.redis.port)
    yield proxy
    proxy.close()
