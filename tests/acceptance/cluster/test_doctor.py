"""`cmlfleet doctor` beside a cluster: which servers answer, which processes live, and who leads."""

import json

from tests.support.cluster import Cluster


def _said(cluster: Cluster) -> tuple[int, dict[str, tuple[str, str]]]:
    done = cluster.command("doctor", "-o", "json")
    findings = {each["check"]: (each["state"], f"{each['text']} {each['fix']}") for each in json.loads(done.stdout)}
    return done.returncode, findings


def test_a_cluster_without_processes_lacks_every_role(cluster: Cluster) -> None:
    _, findings = _said(cluster)
    assert findings["Redis"][0] == "ok"
    for role in ("api", "scheduler", "worker"):
        assert findings[f"role {role}"] == ("warning", f"no process has it start one: cmlfleet serve --roles {role}")
    assert "leader" not in findings


def test_the_processes_and_the_leader_are_told(cluster: Cluster) -> None:
    scheduler, *_ = cluster.start_all("scheduler", "api,worker", "worker")
    cluster.until(lambda: scheduler.http.get("/readyz").json()["parts"]["leader"] != "nobody", what="a leader")
    status, findings = _said(cluster)
    assert status == 0, findings
    assert [findings[f"role {role}"][1] for role in ("api", "scheduler", "worker")] == [
        "1 process None",
        "1 process None",
        "2 processes None",
    ]
    assert findings["leader"][0] == "ok"
    assert findings["leader"][1].split()[0] == scheduler.http.get("/readyz").json()["parts"]["leader"]
    assert findings["clock"][0] == "ok"
    cluster.redis.kill()
    status, findings = _said(cluster)
    assert status == 1
    assert findings["Redis"][0] == "failed"
    assert "cannot be reached" in findings["Redis"][1]
