"""Who may do what is the same in every process at every moment."""

from collections.abc import Generator
from contextlib import closing

import httpx2
import pytest
from tests.support.cluster import Cluster, ClusterProcess
from tests.support.event_listener import EventListener


def _status(process: ClusterProcess, path: str, token: str) -> int:
    return process.http.get(path, headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.fixture
def browser() -> Generator[httpx2.Client]:
    """Somebody's, with its cookies."""
    with httpx2.Client(headers={"X-Requested-With": "fetch"}, timeout=30) as browser:
        yield browser


def test_a_token_that_is_revoked_at_one_process_is_refused_by_every_other_at_once(
    cluster: Cluster, browser: httpx2.Client
) -> None:
    one, two, worker = cluster.start_all("api", "api", "worker")
    made = one.http.post("/api/v1/tokens", json={"name": "short-lived", "role": "viewer"}).json()
    token = made["token"]
    assert browser.post(f"{one.url}/api/v1/session", json={"token": token}).status_code == 200
    assert (_status(one, "/api/v1/me", token), _status(two, "/api/v1/me", token)) == (200, 200)
    assert browser.get(f"{two.url}/api/v1/me").status_code == 200
    assert _status(worker, "/metrics", token) == 200
    with closing(EventListener(two.url, token=token)) as listener:
        assert listener.is_listening.wait(20)
        (entry,) = one.get("/api/v1/tokens")["items"]
        assert one.http.delete(f"/api/v1/tokens/{entry['id']}").status_code == 204
        # No waiting: the very next request of each.
        assert _status(two, "/api/v1/me", token) == 401
        assert _status(worker, "/metrics", token) == 401
        assert _status(one, "/api/v1/me", token) == 401
        assert browser.get(f"{two.url}/api/v1/me").status_code == 401
        cluster.until(lambda: listener.has_ended, what="the end of the stream that was open")
