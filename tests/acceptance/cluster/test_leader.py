"""Whatever happens to the leader, another leads soon, no group waits long, and none fires twice for one time."""

import signal
import time
from collections.abc import Generator
from itertools import pairwise

import pytest
from tests.acceptance.cluster.conftest import StartCluster
from tests.support.cluster import INTERVAL_SECONDS, Cluster, ClusterProcess
from tests.support.product import SimulatedCloud, simulated_cloud
from tests.support.tcp_proxy import TcpProxy

WORKERS = 16
GROUPS = 8  # four regions in each of two accounts
TAKEN_OVER_SECONDS = 15.0


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Generator[SimulatedCloud]:
    """Several accounts and regions, so that there are several groups."""
    folder = tmp_path_factory.mktemp("cloud")
    with simulated_cloud(folder, "--scenario", "multi", "--workers", str(WORKERS)) as cloud:
        cloud.running.says("in cmlfleet.toml")
        yield cloud


def _slots(cluster: Cluster) -> dict[str, list[int]]:
    """Each group's fires: milliseconds since 1970, in the order of the queue."""
    found: dict[str, list[int]] = {}
    for fire in cluster.fires():
        found.setdefault(fire["group"], []).append(fire["slot"])
    return found


def _fired_since(cluster: Cluster, milliseconds: float, *, times: int) -> bool:
    slots = _slots(cluster)
    return len(slots) == GROUPS and all(sum(slot > milliseconds for slot in each) >= times for each in slots.values())


def _nobody_fired_twice(cluster: Cluster) -> None:
    for group, slots in _slots(cluster).items():
        assert slots == sorted(set(slots)), f"{group} fired twice for one time, or for an earlier one"
    fences = [fire["fence"] for fire in cluster.fires()]
    assert fences == sorted(fences), "an old leader fired after a new one"


def _leader(cluster: Cluster, api: ClusterProcess, *, other_than: ClusterProcess | None = None) -> ClusterProcess:
    found: list[ClusterProcess] = []

    def leads() -> bool:
        leader = cluster.leader(api)
        if leader is None or leader is other_than:
            return False
        found.append(leader)
        return True

    cluster.until(leads, what="a leader", timeout_seconds=TAKEN_OVER_SECONDS)
    return found[-1]


def test_a_leader_that_is_killed_is_replaced_and_no_group_is_skipped(new_cluster: StartCluster) -> None:
    interval = 10
    cluster = new_cluster(interval_seconds=interval)
    api, *_ = cluster.start_all("api,worker", "scheduler", "scheduler")
    cluster.until_all_ready(api, WORKERS)
    cluster.until(lambda: len(_slots(cluster)) == GROUPS, what="a fire of every group")
    leader = _leader(cluster, api)
    leader.kill()
    killed_at = time.time()
    _leader(cluster, api, other_than=leader)
    assert time.time() - killed_at < TAKEN_OVER_SECONDS
    cluster.until(lambda: _fired_since(cluster, killed_at * 1000, times=2), what="two more fires of every group")
    _nobody_fired_twice(cluster)
    for group, slots in _slots(cluster).items():
        gaps = [(later - earlier) / 1000 for earlier, later in pairwise(slots)]
        assert max(gaps) <= 2 * interval, f"{group} skipped more than one interval: {gaps}"


def test_a_leader_that_was_cut_off_does_not_fire_when_it_comes_back(cluster: Cluster, proxy: TcpProxy) -> None:
    (cut_off,) = cluster.start_all("scheduler", redis_url=f"redis://127.0.0.1:{proxy.port}/0")
    api, successor = cluster.start_all("api,worker", "scheduler")
    cluster.until_all_ready(api, WORKERS)
    assert _leader(cluster, api) is cut_off
    proxy.cut()
    assert _leader(cluster, api, other_than=cut_off) is successor
    proxy.mend()
    cluster.until(
        lambda: cut_off.http.get("/readyz").json()["parts"]["redis"] == "ok", what="Redis in reach of the old leader"
    )
    cluster.forget_calls()
    mended_at, fires = time.time(), len(cluster.fires())
    cluster.until(lambda: _fired_since(cluster, mended_at * 1000, times=4), what="four more fires of every group")
    _nobody_fired_twice(cluster)
    # A page for each fire, and one each interval for the adoption sweep of the one that leads; a second leader's
    # sweeps would be another page each interval.
    intervals = (time.time() - mended_at) / INTERVAL_SECONDS
    pages, fires = cluster.calls()["DescribeInstances"], len(cluster.fires()) - fires
    assert pages <= fires + GROUPS * (intervals + 2), f"{pages} pages for {fires} fires in {intervals:.1f} intervals"
    assert _leader(cluster, api) is successor


def test_a_leader_that_was_frozen_does_not_fire_when_it_wakes(cluster: Cluster) -> None:
    api, first, second = cluster.start_all("api,worker", "scheduler", "scheduler")
    cluster.until_all_ready(api, WORKERS)
    frozen = _leader(cluster, api)
    frozen.running.send(signal.SIGSTOP)
    try:
        assert _leader(cluster, api, other_than=frozen) is (first if frozen is second else second)
    finally:
        frozen.running.send(signal.SIGCONT)
    woke_at = time.time() * 1000
    cluster.until(lambda: _fired_since(cluster, woke_at, times=3), what="three more fires of every group")
    _nobody_fired_twice(cluster)


def test_a_leader_that_stops_hands_over_at_once(cluster: Cluster) -> None:
    api, first, second = cluster.start_all("api,worker", "scheduler", "scheduler")
    cluster.until_all_ready(api, WORKERS)
    leader = _leader(cluster, api)
    token = cluster.redis.client.get(cluster.key("leader"))
    assert leader.stop() == 0
    assert cluster.redis.client.get(cluster.key("leader")) != token
    assert _leader(cluster, api, other_than=leader) is (first if leader is second else second)
    stopped_at = time.time() * 1000
    cluster.until(lambda: _fired_since(cluster, stopped_at, times=1), what="another fire of every group")
    _nobody_fired_twice(cluster)
