"""Whoever listens at any API process hears of every change once, and may go on listening at another."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from tests.acceptance.cluster.conftest import WORKERS
from tests.support.cluster import Cluster, ClusterProcess
from tests.support.event_listener import EventListener

NAME = "cml-worker-00001"


@pytest.fixture
def listeners() -> Generator[list[EventListener]]:
    """Hung up at the end."""
    made: list[EventListener] = []
    yield made
    for listener in made:
        listener.close()


def _listen(made: list[EventListener], process: ClusterProcess, last_event_id: str | None = None) -> EventListener:
    listener = EventListener(process.url, last_event_id)
    made.append(listener)
    assert listener.is_listening.wait(20)
    return listener


def _note(process: ClusterProcess, worker_id: str, note: str) -> int:
    answer = process.http.patch(f"/api/v1/workers/{worker_id}", json={"note": note})
    assert answer.status_code == 200, answer.text
    return answer.json()["version"]


def _notes(listener: EventListener) -> list[str]:
    changes = [each.data["changes"] for each in listener.heard if each.event == "worker.updated"]
    return [change["note"] for change in changes if change.get("note")]


def test_every_change_reaches_every_process_s_listeners_once(
    cluster: Cluster, listeners: list[EventListener]
) -> None:
    one, two, _ = cluster.start_all("api", "api", "scheduler,worker")
    cluster.until_all_ready(one, WORKERS)
    at_one, at_two = _listen(listeners, one), _listen(listeners, two)
    worker_id = one.workers()[NAME]["id"]
    _note(one, worker_id, "said at one")
    cluster.until(lambda: _notes(at_one) and _notes(at_two), what="the change at both")
    _note(two, worker_id, "said at two")
    for listener in (at_one, at_two):
        cluster.until(lambda listener=listener: len(_notes(listener)) == 2, what="both changes")
        assert _notes(listener) == ["said at one", "said at two"]
    cluster.cloud.in_console(NAME, "stop")
    for listener in (at_one, at_two):
        cluster.until(
            lambda listener=listener: any(
                each.data.get("changes", {}).get("status") == "stopped"
                for each in listener.heard
                if each.event == "worker.updated"
            ),
            what="what a worker process found",
            timeout_seconds=90,
        )
        assert len(listener.updates) == len(set(listener.updates)), "a version was told twice"
        assert not any(each.event == "reset" for each in listener.heard)
    cluster.cloud.in_console(NAME, "start")


def test_a_listener_goes_on_at_another_process_without_a_gap(
    cluster: Cluster, listeners: list[EventListener]
) -> None:
    one, two, _ = cluster.start_all("api", "api", "scheduler,worker")
    cluster.until_all_ready(one, WORKERS)
    worker_id = one.workers()[NAME]["id"]
    before = _listen(listeners, one)
    _note(one, worker_id, "heard")
    cluster.until(lambda: _notes(before) == ["heard"], what="the first change")
    one.kill()
    missed = _note(two, worker_id, "missed")
    after = _listen(listeners, two, before.last_event_id)
    cluster.until(lambda: _notes(after)[-1:] == ["missed"], what="what was missed")
    assert not any(each.event == "reset" for each in after.heard)
    assert any(each == worker_id and version >= missed for each, version in after.updates)
    assert len(after.updates) == len(set(after.updates))


def test_two_people_who_refresh_at_two_processes_share_one_run(cluster: Cluster) -> None:
    one, two, _ = cluster.start_all("api", "api", "scheduler,worker", refresh_interval="3600")
    cluster.until_all_ready(one, WORKERS)
    worker_id = one.workers()[NAME]["id"]
    cluster.cloud.fault("slow", worker=NAME, seconds=2)

    def refresh(process: ClusterProcess) -> httpx2.Response:
        return process.http.post(f"/api/v1/workers/{worker_id}/refresh")

    with ThreadPoolExecutor(2) as people:
        answers = list(people.map(refresh, (one, two)))
    assert [answer.status_code for answer in answers] == [200, 200]
    first, second = (answer.json() for answer in answers)
    assert first["worker"]["version"] == second["worker"]["version"]
    assert first["started_at"] == second["started_at"]
