"""A rolling upgrade has processes of two versions: neither harms the other by what it leaves in Redis."""

import json
import shutil
from pathlib import Path

import pytest
from tests.acceptance.cluster.conftest import WORKERS
from tests.support.cluster import Cluster

import cmlfleet
from cmlfleet.messaging.keys import CONSUMERS

NEWER = "99.0.0"
SAME_FORMAT = {
    "__init__.py": {'version("cmlfleet")': f'"{NEWER}"'},
    "messaging/group_messages.py": {
        "    members: tuple[WorkerId, ...]\n": '    members: tuple[WorkerId, ...]\n    priority: str = "high"\n'
    },
    "messaging/change_feed.py": {
        "    has_events: bool = False\n": '    has_events: bool = False\n    why: str = "?"\n',
        ", omit_defaults=True": "",
    },
    "application/queries/system_views.py": {
        "    aws_throttled: tuple[str, ...]\n": '    aws_throttled: tuple[str, ...]\n    mood: str = "good"\n'
    },
}
"""What a build may change within a version of the messages: fields more, with a default."""

OTHER_FORMAT = {
    "messaging/group_messages.py": {
        "VERSION = 1\n": "VERSION = 2\n",
        "    fence: int\n": "",
        "        fence=fence,\n": "",
    },
    "messaging/keys.py": {'self("queue", "1")': 'self("queue", "2")'},
}
"""And what makes a new version."""


def test_what_a_newer_version_says_is_read_as_far_as_it_is_understood(cluster: Cluster) -> None:
    processes = api, _, worker = cluster.start_all("api", "scheduler", "worker")
    cluster.until_all_ready(api, WORKERS)
    cluster.until(cluster.fires, what="the first fire")
    redis, queue, changes = cluster.redis.client, cluster.key("queue:1"), cluster.key("changes:1")
    ((_, fields),) = redis.xrevrange(queue, count=1)
    message, ours = json.loads(fields["data"]), cluster.fires()[-1]
    message |= {"task_name": "cmlfleet.refresh_group", "task_id": "theirs"}

    def put_on_the_queue(**body: object) -> str:
        return redis.xadd(queue, {"data": json.dumps(message | {"kwargs": {"body": body}})})

    theirs = put_on_the_queue(version=2, anything=1)
    with_more = put_on_the_queue(**ours | {"slot": ours["slot"] - 1, "priority": "high"})
    redis.xadd(changes, {"data": json.dumps({"saved": {}, "why": "because"})})
    redis.xadd(changes, {"data": json.dumps({"saved": ["w-1"]})})
    redis.xadd(changes, {"theirs": "1"})
    redis.sadd(cluster.key("processes"), "theirs")
    redis.set(cluster.key("process:theirs"), json.dumps({"id": "theirs", "duties": []}))
    redis.set(cluster.key("standings"), json.dumps({"another": "shape"}))
    redis.hset(cluster.key("groups"), "theirs", json.dumps(["another shape"]))
    redis.incr(cluster.key("groups:version"))

    cluster.until_refreshed(api, times=2)
    pending = {each["message_id"] for each in redis.xpending_range(queue, CONSUMERS, "-", "+", 100)}
    assert theirs in pending, "what nobody of ours could read was acknowledged"
    assert with_more not in pending, "a field more made it unreadable"
    cluster.until(
        lambda: sum(group["workers"] for group in api.get("/api/v1/system")["groups"]) == WORKERS, what="the groups"
    )
    views = api.get("/api/v1/system")["processes"]
    assert {view["pid"] for view in views} == {process.running.process.pid for process in processes}
    cluster.until(lambda: api.metrics() == worker.metrics(), what="the same records in both")
    said = "".join(process.running.text for process in processes)
    assert "change_not_understood" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("newer", ["scheduler", "worker"])
def test_two_builds_whose_messages_have_the_same_version(cluster: Cluster, tmp_path: Path, newer: str) -> None:
    source = _build(tmp_path, SAME_FORMAT)
    api, *others = (
        cluster.start(roles, source=source if roles == newer else None) for roles in ("api", "scheduler", "worker")
    )
    cluster.until_ready(api, *others)
    cluster.until_all_ready(api, WORKERS)
    cluster.until_refreshed(api, times=3)

    views = {view["roles"][0]: view["version"] for view in api.get("/api/v1/system")["processes"]}
    assert views == {
        "api": cmlfleet.__version__,
        "scheduler": cmlfleet.__version__,
        "worker": cmlfleet.__version__,
    } | {newer: NEWER}
    assert {fire.get("priority") for fire in cluster.fires()} == ({"high"} if newer == "scheduler" else {None})
    _assert_no_group_fires_twice(cluster.fires())
    _until_none_waits(cluster, "queue:1")
    for process in others:
        cluster.until(lambda process=process: api.metrics() == process.metrics(), what="the same records in both")
    _assert_all_is_understood(cluster)


def test_an_upgrade_to_messages_of_another_version(cluster: Cluster, tmp_path: Path) -> None:
    """Workers first, and an old one for as long as the leader is old."""
    source = _build(tmp_path, SAME_FORMAT | OTHER_FORMAT)
    api, leader, worker = cluster.start_all("api", "scheduler", "worker")
    cluster.until_all_ready(api, WORKERS)

    cluster.until_ready(cluster.start("worker", source=source))
    cluster.until_refreshed(api, times=2)
    cluster.until_ready(cluster.start("scheduler", source=source))
    assert leader.stop() == 0
    cluster.until(lambda: cluster.fires("queue:2"), what="a fire of the newer leader")
    assert worker.stop() == 0
    cluster.until_refreshed(api, times=2)

    assert {fire["version"] for fire in cluster.fires()} == {1}
    assert {fire["version"] for fire in cluster.fires("queue:2")} == {2}
    _assert_no_group_fires_twice(cluster.fires() + cluster.fires("queue:2"))
    _until_none_waits(cluster, "queue:1")
    _until_none_waits(cluster, "queue:2")
    _assert_all_is_understood(cluster)


def _build(folder: Path, changes: dict[str, dict[str, str]]) -> Path:
    """A copy of the package, changed; the folder that holds it."""
    source = folder / "build"
    package = source / "cmlfleet"
    shutil.copytree(
        Path(cmlfleet.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "console", "simulator")
    )
    for name, replacements in changes.items():
        file = package / name
        text = file.read_text()
        for before, after in replacements.items():
            assert text.count(before) == 1, f"{name} has no such line any more: {before!r}"
            text = text.replace(before, after)
        file.write_text(text)
    return source


def _until_none_waits(cluster: Cluster, queue: str) -> None:
    """Every message was received, and acknowledged."""

    def none_waits() -> bool:
        (group,) = cluster.redis.client.xinfo_groups(cluster.key(queue))
        return (group["pending"], group["lag"]) == (0, 0)

    cluster.until(none_waits, what=f"every message of {queue} to be acknowledged")


def _assert_no_group_fires_twice(fires: list[dict[str, object]]) -> None:
    slots: dict[object, list[int]] = {}
    for fire in fires:
        slots.setdefault(fire["group"], []).append(int(str(fire["slot"])))
    for group, times in slots.items():
        assert times == sorted(set(times)), f"{group} fired twice for one time, or for an earlier one"


def _assert_all_is_understood(cluster: Cluster) -> None:
    said = "".join(process.running.text for process in cluster.processes)
    for word in ("not_understood", "left_alone", "Traceback"):
        assert word not in said, said[-3000:]
