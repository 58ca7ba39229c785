"""A leader's groups on a real Redis: what the database says is fired, whoever led before and whatever was lost."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from tests.support.application_scene import ACCOUNT, REGION, utc_now
from tests.support.fake_storage import FakeWorkerStore
from tests.support.redis_server import RedisServer
from tests.support.waiting import until
from tests.support.workers import CAUSE, new_state

from cmlfleet.application.ports.cluster import Term
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.events.cml_worker import CMLWorkerForgottenDomainEvent
from cmlfleet.messaging.group_queue import RedisGroupQueue
from cmlfleet.messaging.group_register import RedisGroupRegister
from cmlfleet.messaging.job_store import job_store
from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.redis_link import RedisLink
from cmlfleet.scheduling import groups as groups_module
from cmlfleet.scheduling import leader_groups
from cmlfleet.scheduling.leader_groups import LeaderGroups


@dataclass
class Leader:
    groups: LeaderGroups
    leading: asyncio.Task[None]
    refusals: int = 0

    async def stop(self) -> None:
        self.leading.cancel()
        await asyncio.gather(self.leading, return_exceptions=True)


class Scene:
    def __init__(self, redis: RedisServer, link: RedisLink, keys: Keys) -> None:
        self.redis, self.link, self.keys = redis, link, keys
        self.workers = FakeWorkerStore()
        self.register = RedisGroupRegister(link, keys)
        self.queue = RedisGroupQueue(link, keys)
        self.terms = 0

    async def worker(self, number: int) -> CMLWorkerState:
        state = replace(new_state(f"w-{number}", f"i-{number:017x}"), account_id=ACCOUNT, region=REGION)
        return await self.workers.add(replace(state, monitoring_active=True), events=())

    async def forget(self, worker: CMLWorkerState) -> CMLWorkerState:
        event = CMLWorkerForgottenDomainEvent(
            worker_id=worker.id, occurred_at=utc_now(), cause=CAUSE, instance=worker.instance, name=worker.name
        )
        removed = await self.workers.remove(worker.id, event=event)
        assert removed is not None
        return removed

    @asynccontextmanager
    async def leader(self, *, interval_seconds: int = 1) -> AsyncGenerator[Leader]:
        self.terms += 1
        term = Term(token=f"t-{self.terms}", fence=self.terms)
        self.redis.client.set(self.keys.leader, term.token)
        leader: list[Leader] = []

        def refused() -> None:
            leader[0].refusals += 1

        groups = LeaderGroups(
            term=term,
            interval_seconds=interval_seconds,
            workers=self.workers,
            register=self.register,
            queue=self.queue,
            job_store=job_store(self.link, self.keys),
            refused=refused,
            clock=utc_now,
        )
        leader.append(Leader(groups, asyncio.ensure_future(groups.lead())))
        try:
            yield leader[0]
        finally:
            await leader[0].stop()

    @property
    def fires(self) -> list[dict[str, Any]]:
        """Every message on the queue, the oldest first."""
        messages: Any = self.redis.client.xrange(self.keys.queue)
        return [msgspec.json.decode(fields["data"])["kwargs"]["body"] for _, fields in messages]

    @property
    def stored(self) -> dict[str, list[str]]:
        """Every group of the register with its members."""
        found: Any = self.redis.client.hgetall(self.keys.groups)
        return {group: msgspec.json.decode(text)["members"] for group, text in found.items()}

    @property
    def jobs(self) -> set[str]:
        found: Any = self.redis.client.hkeys(self.keys.jobs)
        return set(found)

    async def until_fired(self, *members: CMLWorkerState, times: int = 1) -> list[dict[str, Any]]:
        wanted = {member.id for member in members}

        def fired() -> bool:
            return sum(set(fire["members"]) == wanted for fire in self.fires) >= times

        await until(fired, what=f"{times} fires of {sorted(wanted)}")
        return self.fires


@pytest.fixture
async def scene(
    redis: RedisServer, link: RedisLink, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Scene]:
    monkeypatch.setattr(leader_groups, "FIRST_FIRE_SECONDS", 0.01)
    monkeypatch.setattr(leader_groups, "RETRY_SECONDS", 0.05)
    scene = Scene(redis, link, keys)
    yield scene
    scene.queue.close()


async def test_who_is_monitored_is_fired_soon_and_each_interval(scene: Scene) -> None:
    one, two = await scene.worker(1), await scene.worker(2)
    async with scene.leader():
        fires = await scene.until_fired(one, two, times=3)
    assert {fire["fence"] for fire in fires} == {1}
    slots = [fire["slot"] for fire in fires]
    assert [later - earlier for earlier, later in pairwise(slots)] == [1000] * (len(slots) - 1)


async def test_who_comes_and_goes_is_heard_of(scene: Scene) -> None:
    one = await scene.worker(1)
    async with scene.leader() as leader:
        await scene.until_fired(one)
        two = await scene.worker(2)
        leader.groups.follow(None, two)
        await scene.until_fired(one, two)
        leader.groups.follow(await scene.forget(one), None)
        stopped = replace(two, monitoring_active=False)
        await scene.until_fired(two)
        leader.groups.follow(two, stopped)
        await until(lambda: not scene.stored and not scene.jobs, what="no group")


async def test_who_came_and_went_unheard_is_seen_in_the_database(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader_groups, "LOOK_EVERY_SECONDS", 0.1)
    one = await scene.worker(1)
    async with scene.leader():
        await scene.until_fired(one)
        await scene.forget(one)
        two = await scene.worker(2)
        await scene.until_fired(two)


async def test_the_next_leader_moves_nobody_and_fires_at_the_same_times(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups_module, "MOST_MEMBERS", 2)
    for number in range(5):
        await scene.worker(number)
    async with scene.leader():
        await until(lambda: len({fire["group"] for fire in scene.fires}) == 3, what="a fire of each group")
    before, stored = scene.fires, scene.stored
    async with scene.leader():
        await until(lambda: len(scene.fires) >= len(before) + 6, what="fires of the next leader")
    assert scene.stored == stored
    for group in stored:
        slots = [fire["slot"] for fire in scene.fires if fire["group"] == group]
        assert len(slots) == len(set(slots))
        # The first leader may have moved a group to a better place after its first fire.
        since = [fire["slot"] for fire in scene.fires[len(before) :] if fire["group"] == group]
        assert {(later - earlier) % 1000 for earlier, later in pairwise(since)} <= {0}


async def test_what_a_leader_left_half_done_is_completed(scene: Scene) -> None:
    one = await scene.worker(1)
    async with scene.leader():
        await scene.until_fired(one)
    (group,) = scene.stored
    scene.redis.client.hdel(scene.keys.jobs, group)
    scene.redis.client.zrem(scene.keys.run_times, group)
    scene.redis.client.hset(scene.keys.groups, "x/y/9", '{"account": "x", "region": "y", "members": ["w-gone"]}')
    scene.redis.client.hset(scene.keys.groups, "x/y/8", "not JSON")
    scene.redis.client.hset(scene.keys.jobs, "x/y/7", "not a pickle")
    scene.redis.client.zadd(scene.keys.run_times, {"x/y/7": 1})
    count = len(scene.fires)
    async with scene.leader():
        await scene.until_fired(one, times=count + 2)
        await until(lambda: scene.jobs == {group}, what="only jobs that are needed")
        assert scene.stored == {group: [one.id]}


async def test_a_redis_that_lost_everything_gets_everything_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader_groups, "LOOK_EVERY_SECONDS", 0.1)
    one = await scene.worker(1)
    async with scene.leader() as leader:
        await scene.until_fired(one)
        scene.redis.kill()
        scene.redis.start()
        assert not leader.leading.done()
    assert scene.fires == []
    async with scene.leader():
        await scene.until_fired(one, times=2)


async def test_a_leader_that_was_replaced_hears_of_it_at_its_next_fire(scene: Scene) -> None:
    one = await scene.worker(1)
    async with scene.leader() as leader:
        await scene.until_fired(one)
        scene.redis.client.set(scene.keys.leader, "another")
        count = len(scene.fires)
        await until(lambda: leader.refusals, what="a refusal")
        assert len(scene.fires) == count


async def test_a_thousand_that_leave_leave_full_groups(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups_module, "MOST_MEMBERS", 4)
    workers = [await scene.worker(number) for number in range(16)]
    async with scene.leader() as leader:
        await until(lambda: len({fire["group"] for fire in scene.fires}) == 4, what="a fire of each group")
        for worker in workers[::2]:
            leader.groups.follow(await scene.forget(worker), None)
        await until(lambda: [len(members) for members in scene.stored.values()] == [4, 4], what="two full groups")
        await until(lambda: len(scene.jobs) == 2, what="two jobs")


async def test_a_changed_interval_holds_for_groups_that_are_there(scene: Scene) -> None:
    one = await scene.worker(1)
    async with scene.leader(interval_seconds=3600):
        await scene.until_fired(one)
    async with scene.leader(interval_seconds=1):
        await scene.until_fired(one, times=3)
