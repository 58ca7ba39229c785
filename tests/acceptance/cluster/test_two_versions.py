"""A rolling upgrade has processes of two versions: neither harms the other by what it leaves in Redis."""

import json

from tests.acceptance.cluster.conftest import WORKERS
from tests.support.cluster import Cluster

from cmlfleet.messaging.keys import CONSUMERS


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
