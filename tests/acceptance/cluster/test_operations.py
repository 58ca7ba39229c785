"""Long work goes on when the process that does it dies or stops, with what was not done yet."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.acceptance.cluster.conftest import WORKERS, StartCluster
from tests.support.cluster import ClusterProcess

HANGING = "cml-worker-00001"


def _killed(process: ClusterProcess) -> None:
    process.kill()


def _stopped(process: ClusterProcess) -> None:
    assert process.stop() == 0


@pytest.mark.parametrize("ends", [_killed, _stopped])
def test_a_refresh_of_the_fleet_goes_on_in_another_process(
    new_cluster: StartCluster, ends: Callable[[ClusterProcess], None]
) -> None:
    cluster = new_cluster(interval_seconds=3600, cml_timeout="30")
    one, two, _ = cluster.start_all("api", "api", "scheduler,worker")
    cluster.until_all_ready(two, WORKERS)
    cluster.until(lambda: cluster.fires() and cluster.nothing_is_taken(), what="the end of the schedule's first run")
    cluster.cloud.fault("hanging", worker=HANGING)
    started = one.http.post("/api/v1/workers/refresh", json={})
    assert started.status_code == 202

    def operation() -> dict[str, Any]:
        return two.get(started.headers["Location"])

    cluster.until(lambda: operation()["done"] == WORKERS - 1, what="all but one worker")
    ends(one)
    assert operation()["state"] == "running"
    versions = {name: record["version"] for name, record in two.workers().items()}
    cluster.cloud.mend()
    cluster.until(lambda: operation()["finished_at"], what="the end, by the other process")
    ended = operation()
    assert (ended["state"], ended["done"], ended["total"]) == ("done", WORKERS, WORKERS)
    assert {(item["state"], item["detail"]) for item in ended["items"]} == {("done", None)}
    assert ended["created_by"] == "bootstrap"
    again = {name for name, record in two.workers().items() if record["version"] > versions[name]}
    assert again == {HANGING}, "what was done was done again"
