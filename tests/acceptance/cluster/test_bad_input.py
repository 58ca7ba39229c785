"""A process that cannot be part of a cluster does not start, and says what to do."""

import subprocess

import pytest
from tests.support.cluster import Cluster
from tests.support.product import COMMAND, START_SECONDS, TOKEN


def _refused(cluster: Cluster, *, without: str | None = None, **settings: str) -> tuple[int, str]:
    environment = cluster.environment(**settings)
    if without is not None:
        del environment[without]
    done = subprocess.run(
        [*COMMAND, "serve", "--port", "0"],
        env=environment,
        cwd=cluster.folder,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stderr
    return done.returncode, done.stderr


def test_without_a_secret_key(cluster: Cluster) -> None:
    status, said = _refused(cluster, without="CMLFLEET_SECRET_KEY")
    assert status == 2
    assert "set CMLFLEET_SECRET_KEY" in said


def test_with_sqlite(cluster: Cluster) -> None:
    status, said = _refused(cluster, without="CMLFLEET_DATABASE_URL")
    assert status == 2
    assert "set CMLFLEET_DATABASE_URL=postgresql+asyncpg://…" in said


@pytest.mark.parametrize(
    ("revision", "fix"), [("0001", "run `cmlfleet migrate` first"), ("9999", "start the newer version")]
)
def test_with_a_schema_that_is_older_or_newer_than_the_code(cluster: Cluster, revision: str, fix: str) -> None:
    cluster.sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    status, said = _refused(cluster)
    assert status == 1
    assert fix in said
    assert cluster.sql("SELECT version_num FROM alembic_version") == revision


def test_with_a_database_that_has_no_schema(cluster: Cluster) -> None:
    empty = cluster.postgres.new_database()
    status, said = _refused(cluster, database_url=empty)
    cluster.postgres.drop_database(empty)
    assert status == 1
    assert "run `cmlfleet migrate` first" in said


def test_with_a_redis_that_evicts(cluster: Cluster) -> None:
    cluster.redis.client.config_set("maxmemory-policy", "allkeys-lru")
    status, said = _refused(cluster)
    assert status == 1
    assert "set maxmemory-policy noeviction" in said


def test_without_a_redis_that_answers(cluster: Cluster) -> None:
    status, said = _refused(cluster, redis_url="redis://somebody:hunter2@127.0.0.1:1/0")
    assert status == 1
    assert "Redis at redis://***@127.0.0.1:1/0 cannot be reached" in said
    assert "hunter2" not in said


def test_with_some_of_the_roles_and_no_redis(cluster: Cluster) -> None:
    status, said = _refused(cluster, without="CMLFLEET_REDIS_URL", roles="worker")
    assert status == 2
    assert "set CMLFLEET_REDIS_URL" in said
