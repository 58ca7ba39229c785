"""A cluster at work: what one process saves, every process shows, alike and once."""

from tests.acceptance.cluster.conftest import WORKERS
from tests.support.cluster import Cluster


def test_any_number_of_processes_are_one_service(cluster: Cluster) -> None:
    api, scheduler, worker = cluster.start_all("api", "scheduler", "worker")
    cluster.until_all_ready(api, WORKERS)
    cluster.until(lambda: cluster.leader(api) is scheduler, what="the leader to be known")
    cluster.until(
        lambda: sum(group["workers"] for group in api.get("/api/v1/system")["groups"]) == WORKERS,
        what="every worker in a monitoring group",
    )
    processes = api.get("/api/v1/system")["processes"]
    assert sorted(tuple(view["roles"]) for view in processes) == [("api",), ("scheduler",), ("worker",)]
    cluster.until_refreshed(api)
    assert all(record["monitoring"]["next_refresh_at"] for record in api.workers().values())
    cluster.until(
        lambda: [region["outcome"] for region in api.get("/api/v1/fleet")["regions"]] == ["ok"],
        what="what the leader's sweeps came to, at the API",
    )
    cluster.until(
        lambda: api.metrics() == scheduler.metrics() == worker.metrics(), what="the same metrics at every process"
    )
    for process in (scheduler, worker):
        assert process.http.get("/healthz").status_code == 200
        assert process.http.get("/readyz").json()["parts"]["redis"] == "ok"
        assert process.http.get("/api/v1/workers").status_code == 404
    assert [process.stop() for process in (worker, scheduler, api)] == [0, 0, 0]
