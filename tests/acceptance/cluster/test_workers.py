"""A process that refreshes may die in the middle of a group: another refreshes it, and the records are right."""

from tests.acceptance.cluster.conftest import WORKERS, StartCluster
from tests.support.cluster import Cluster, ClusterProcess
from tests.support.tcp_proxy import TcpProxy

from cmlfleet.messaging.group_runs import SILENT_SECONDS
from cmlfleet.messaging.keys import CONSUMERS

HANGING = "cml-worker-00001"


def _running(cluster: Cluster, api: ClusterProcess) -> list[ClusterProcess]:
    """The processes that refresh a group at this moment."""
    busy = {view["pid"] for view in api.get("/api/v1/system")["processes"] if view["groups_running"]}
    return [process for process in cluster.processes if process.running.process.pid in busy]


def _refreshing(cluster: Cluster, api: ClusterProcess) -> ClusterProcess | None:
    """The process that refreshes the only group at this moment, as Redis has it."""
    found = cluster.redis.client.keys("cmlfleet:*:running:*")
    note = cluster.redis.client.get(found[0]) if found else None
    if note is None:
        return None
    pids = {view["id"]: view["pid"] for view in api.get("/api/v1/system")["processes"]}
    pid = pids.get(note.split()[1])
    return next((each for each in cluster.processes if each.running.process.pid == pid), None)


def _ready(api: ClusterProcess) -> int:
    return sum(record["health"] == "ready" for record in api.workers().values())


def _failing(api: ClusterProcess) -> bool:
    return api.workers()[HANGING]["sources"]["cml"]["error_code"] == "timeout"


def test_a_group_of_a_process_that_was_killed_is_refreshed_by_another(new_cluster: StartCluster) -> None:
    cluster = new_cluster(interval_seconds=300, cml_timeout="15")
    # The run of the group lasts as long as its slowest controller.
    cluster.cloud.fault("hanging", worker=HANGING)
    api, _, one, two = cluster.start_all("api", "scheduler", "worker", "worker")
    cluster.until(lambda: _refreshing(cluster, api), what="the group's run")
    cluster.until(lambda: _ready(api) == WORKERS - 1, what="a run that is half done")
    before = {name: record["version"] for name, record in api.workers().items()}
    victim = _refreshing(cluster, api)
    assert victim in (one, two), "the run ended before it could be cut short"
    victim.kill()
    survivor = one if victim is two else two
    cluster.until(lambda: _refreshing(cluster, api) is survivor, what="the group at the other process")
    cluster.until(lambda: _failing(api), what="the record of what the survivor found", timeout_seconds=60)
    cluster.until(cluster.nothing_is_taken, what="the acknowledgement")
    records = api.workers()
    assert all(record["version"] > before[name] for name, record in records.items())
    assert sorted(cluster.events("CMLWorkerImportedDomainEvent")) == sorted(each["id"] for each in records.values())
    assert len(cluster.fires()) == 1, "the group was fired again instead of being delivered again"


def test_groups_that_take_long_do_not_run_over_themselves(cluster: Cluster) -> None:
    api, _, _, _ = cluster.start_all("api", "scheduler", "worker", "worker")
    cluster.until_all_ready(api, WORKERS)
    cluster.cloud.fault("hanging", worker=HANGING)
    cluster.until(lambda: _failing(api), what="the record of the time-out", timeout_seconds=60)
    version = api.workers()[HANGING]["version"]
    refreshed_at = api.workers()[HANGING]["last_refreshed_at"]
    cluster.until(lambda: api.workers()[HANGING]["last_refreshed_at"] > refreshed_at, what="the next refresh")
    assert api.workers()[HANGING]["version"] == version + 1
    assert len(_running(cluster, api)) <= 1


def test_a_worker_process_that_is_cut_off_from_redis_is_done_without_until_it_is_back(
    cluster: Cluster, proxy: TcpProxy
) -> None:
    (cut_off,) = cluster.start_all("worker", redis_url=f"redis://127.0.0.1:{proxy.port}/0")
    api, other = cluster.start_all("api,scheduler", "worker")
    cluster.until_all_ready(api, WORKERS)
    proxy.cut()
    cluster.until(lambda: cut_off.http.get("/readyz").status_code == 503, what="the word that Redis is away")
    cluster.until_refreshed(api, times=2)
    proxy.mend()
    cluster.until(lambda: cut_off.http.get("/readyz").status_code == 200, what="Redis in reach again")
    other.kill()
    cluster.until_refreshed(api, times=2)
    slots = [fire["slot"] for fire in cluster.fires()]
    assert slots == sorted(set(slots)), "a group was fired again"
    assert "Traceback" not in cut_off.running.text


def test_a_worker_process_that_stops_hands_back_what_does_not_end(new_cluster: StartCluster) -> None:
    cluster = new_cluster(interval_seconds=300, cml_timeout="60")
    cluster.cloud.fault("hanging", worker=HANGING)
    api, worker = cluster.start_all("api,scheduler", "worker")
    cluster.until(lambda: _refreshing(cluster, api) is worker, what="the group's run")
    assert worker.stop(within_seconds=30) == 0
    assert "Traceback" not in worker.running.text
    pending = cluster.redis.client.xpending_range(cluster.key("queue:1"), CONSUMERS, "-", "+", 100)
    assert pending, "what had not ended was acknowledged"
    assert all(each["time_since_delivered"] > SILENT_SECONDS * 1000 for each in pending), "others have to wait for it"
    cluster.cloud.mend()
    cluster.start_all("worker")
    cluster.until(cluster.nothing_is_taken, what="the run by another process")
    cluster.until_all_ready(api, WORKERS)
    assert len(cluster.fires()) == 1
