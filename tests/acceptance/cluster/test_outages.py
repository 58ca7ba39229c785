"""Servers and processes that go away, one at a time and together: what can goes on, and nothing is lost."""

import signal
from itertools import pairwise

from tests.acceptance.cluster.conftest import WORKERS
from tests.support.cluster import Cluster, ClusterProcess


def _owes_nothing(cluster: Cluster) -> bool:
    return cluster.sql("SELECT count(*) FROM outbox") == "0"


def _worker_id(process: ClusterProcess) -> str:
    return next(iter(process.workers().values()))["id"]


def test_without_redis_people_are_served_and_afterwards_everything_is_rebuilt(cluster: Cluster) -> None:
    api, scheduler, worker = cluster.start_all("api", "scheduler", "worker")
    cluster.until_all_ready(api, WORKERS)
    cluster.until_refreshed(api)
    cluster.redis.kill()
    cluster.until(
        lambda: api.http.get("/readyz").json()["parts"]["redis"] != "ok", what="the word that Redis is away"
    )
    assert api.http.get("/readyz").status_code == 200
    assert worker.http.get("/readyz").status_code == 503
    refreshed = api.http.post(f"/api/v1/workers/{_worker_id(api)}/refresh")
    assert refreshed.status_code == 200
    assert refreshed.json()["sources"]["cml"]["outcome"] == "ok"
    version = refreshed.json()["worker"]["version"]
    assert api.get(f"/api/v1/workers/{_worker_id(api)}")["version"] == version
    assert len(api.workers()) == WORKERS
    cluster.until(lambda: api.metrics() == worker.metrics() == scheduler.metrics(), what="metrics from the database")
    cluster.redis.start()
    cluster.until(lambda: worker.http.get("/readyz").status_code == 200, what="Redis to be back")
    cluster.until_refreshed(api, times=2)
    assert cluster.leader(api) is scheduler
    assert sum(group["workers"] for group in api.get("/api/v1/system")["groups"]) == WORKERS
    cluster.until(lambda: _owes_nothing(cluster), what="every event to be delivered")


def test_without_postgres_work_waits_and_goes_on(cluster: Cluster) -> None:
    api, scheduler, worker = cluster.start_all("api", "scheduler", "worker")
    cluster.until_all_ready(api, WORKERS)
    cluster.until_refreshed(api)
    versions = {name: record["version"] for name, record in api.workers().items()}
    cluster.postgres.stop(signal.SIGQUIT)
    cluster.until(lambda: api.http.get("/readyz").status_code == 503, what="the word that the database is away")
    assert api.http.get("/api/v1/workers").status_code == 503
    assert api.metrics() == worker.metrics()
    cluster.postgres.start()
    cluster.until(lambda: api.http.get("/readyz").status_code == 200, what="the database to be back")
    cluster.until_refreshed(api, times=2)
    assert all(record["version"] > versions[name] for name, record in api.workers().items())
    cluster.until(lambda: _owes_nothing(cluster), what="every event to be delivered")
    assert all(process.running.process.poll() is None for process in (api, scheduler, worker))


def test_everything_killed_at_once_comes_back_whole(cluster: Cluster) -> None:
    processes = cluster.start_all("api", "scheduler", "worker", "worker")
    cluster.until_all_ready(processes[0], WORKERS)
    cluster.until_refreshed(processes[0])
    cluster.cloud.in_console("cml-worker-00001", "stop")  # events are under way
    for process in processes:
        process.kill()
    cluster.redis.kill()
    cluster.postgres.stop(signal.SIGQUIT)
    cluster.postgres.start()
    cluster.redis.start()
    api, *_ = cluster.start_all("api", "scheduler", "worker")
    cluster.until(
        lambda: api.workers()["cml-worker-00001"]["status"] == "stopped",
        what="what happened meanwhile",
        timeout_seconds=60,
    )
    cluster.until_refreshed(api)
    records = api.workers()
    assert len(records) == WORKERS
    assert len({record["instance_id"] for record in records.values()}) == WORKERS
    assert sorted(cluster.events("CMLWorkerImportedDomainEvent")) == sorted(
        record["id"] for record in records.values()
    )
    cluster.until(lambda: _owes_nothing(cluster), what="every event to be delivered")
    cluster.cloud.in_console("cml-worker-00001", "start")


def test_a_rolling_restart_loses_no_refresh(cluster: Cluster) -> None:
    old = cluster.start_all("api", "scheduler", "worker")
    cluster.until_all_ready(old[0], WORKERS)
    api = old[0]
    for process in reversed(old):
        (new,) = cluster.start_all(process.roles)
        assert process.stop() == 0, process.running.text[-3000:]
        assert "Traceback" not in process.running.text
        api = new if process.roles == "api" else api
        cluster.until_refreshed(api)
    cluster.until(lambda: len(api.get("/api/v1/system")["processes"]) == len(old), what="only the new processes")
    cluster.until(lambda: _owes_nothing(cluster), what="every event to be delivered")
    slots: dict[str, list[int]] = {}
    for fire in cluster.fires():
        slots.setdefault(fire["group"], []).append(fire["slot"])
    interval = 3000
    for each in slots.values():
        assert each == sorted(set(each))
        assert all(later - earlier <= 2 * interval for earlier, later in pairwise(each))
