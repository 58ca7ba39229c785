"""Groups reach one process that has room, are acknowledged after the run, and again after a process died."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.integration.messaging.fires import FIRE, TERM
from tests.support.redis_server import RedisServer
from tests.support.waiting import until

from cmlfleet.application.ports.group_queue import FireOutcome, GroupFire
from cmlfleet.messaging import group_receiver, group_runs
from cmlfleet.messaging.group_queue import RedisGroupQueue
from cmlfleet.messaging.group_receiver import GroupReceiver
from cmlfleet.messaging.keys import CONSUMERS, Keys
from cmlfleet.messaging.redis_link import RedisLink


class Process:
    """One receiver; its runs wait for `gate`."""

    def __init__(self, name: str, link: RedisLink, keys: Keys) -> None:
        self.begun: list[GroupFire] = []
        self.ended: list[GroupFire] = []
        self.wanted: Callable[[], Awaitable[bool]] | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.receiver = GroupReceiver(link, keys, process_id=name, run=self._run)
        self.receiver.start()

    async def die(self) -> None:
        """As by kill -9: nothing is handed back, nothing is said any more."""
        for task in (*self.receiver._tasks, *self.receiver._receiver.under_way.values()):
            task.cancel()
        await until(lambda: not self.receiver._receiver.under_way, what="silence")
        self.receiver._tasks = []
        await self.receiver._broker.shutdown()

    async def _run(self, fire: GroupFire, is_wanted: Callable[[], Awaitable[bool]]) -> None:
        self.begun.append(fire)
        self.wanted = is_wanted
        await self.gate.wait()
        self.ended.append(fire)


class Scene:
    def __init__(self, redis: RedisServer, link: RedisLink, keys: Keys) -> None:
        self.redis, self.link, self.keys = redis, link, keys
        self.queue = RedisGroupQueue(link, keys)
        self.processes: list[Process] = []
        self.lead()

    def lead(self) -> None:
        self.redis.client.set(self.keys.leader, TERM.token)

    def process(self, name: str = "p1") -> Process:
        self.processes.append(Process(name, self.link, self.keys))
        return self.processes[-1]

    def fire(self, number: int = 1, *, minutes: int = 0) -> GroupFire:
        fire = replace(FIRE, group_id=f"a/b/{number}", slot=FIRE.slot + timedelta(minutes=minutes))
        assert self.queue.fire(TERM, fire) is FireOutcome.FIRED
        return fire

    def add(self, **changes: Any) -> None:
        """A message such as another version would write."""
        (_, fields), *_ = self.redis.client.xrevrange(self.keys.queue, count=1)
        message = msgspec.json.decode(fields["data"])
        message["kwargs"]["body"] |= changes
        self.redis.client.xadd(self.keys.queue, {"data": msgspec.json.encode(message)})

    @property
    def pending(self) -> int:
        return self.redis.client.xpending(self.keys.queue, CONSUMERS)["pending"]


@pytest.fixture
async def scene(
    redis: RedisServer, link: RedisLink, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Scene]:
    for module in (group_runs, group_receiver):
        monkeypatch.setattr(module, "SILENT_SECONDS", 2.0)
        monkeypatch.setattr(module, "KEEP_EVERY_SECONDS", 0.3)
    monkeypatch.setattr(group_receiver, "RETRY_SECONDS", 0.05)
    scene = Scene(redis, link, keys)
    yield scene
    for process in scene.processes:
        process.gate.set()
        await process.receiver.close()
    scene.queue.close()


async def _until_run(scene: Scene, condition: Callable[[], object], *, what: str) -> None:
    """With a heartbeat now and then, as the leader gives it."""

    async def beat_and_look() -> bool:
        await scene.queue.heartbeat()
        return bool(condition())

    await until(beat_and_look, what=what)


async def test_what_was_fired_before_anybody_listened_is_run_and_acknowledged(scene: Scene) -> None:
    fire = scene.fire()
    process = scene.process()
    await until(lambda: process.ended == [fire], what="the run")
    await until(lambda: scene.pending == 0, what="the acknowledgement")


async def test_each_group_goes_to_one_process(scene: Scene) -> None:
    one, two = scene.process("p1"), scene.process("p2")
    fires = [scene.fire(number) for number in range(20)]
    await until(lambda: len(one.ended) + len(two.ended) == 20, what="all runs")
    assert sorted(fire.group_id for fire in one.ended + two.ended) == sorted(fire.group_id for fire in fires)


async def test_a_process_takes_no_more_than_it_has_room_for(scene: Scene) -> None:
    one = scene.process("p1")
    one.gate.clear()
    for number in range(group_receiver.AT_ONCE + 3):
        scene.fire(number)
    await until(lambda: len(one.begun) == group_receiver.AT_ONCE, what="a busy process")
    two = scene.process("p2")
    await until(lambda: len(two.ended) == 3, what="the rest elsewhere")
    assert len(one.begun) == group_receiver.AT_ONCE


async def test_a_group_of_a_process_that_died_is_delivered_again(scene: Scene) -> None:
    one = scene.process("p1")
    one.gate.clear()
    fire = scene.fire()
    await until(lambda: one.begun, what="the run")
    await one.die()
    two = scene.process("p2")
    await _until_run(scene, lambda: two.ended == [fire], what="the second delivery")
    await until(lambda: scene.pending == 0, what="the acknowledgement")


async def test_a_long_run_of_a_living_process_is_not_started_elsewhere(scene: Scene) -> None:
    one = scene.process("p1")
    one.gate.clear()
    scene.fire()
    await until(lambda: one.begun, what="the run")
    two = scene.process("p2")
    others = [scene.fire(number) for number in range(2, 5)]
    await _until_run(scene, lambda: len(two.ended) + len(one.begun) == 4, what="other groups")
    lasted = asyncio.get_running_loop().time() + 3 * group_runs.SILENT_SECONDS
    await _until_run(scene, lambda: asyncio.get_running_loop().time() > lasted, what="a long time")
    assert {fire.group_id for fire in two.begun} <= {fire.group_id for fire in others}
    assert one.ended == []


async def test_a_superseded_fire_is_not_run(scene: Scene) -> None:
    scene.fire()
    newest = scene.fire(minutes=1)
    process = scene.process()
    await until(lambda: process.ended and scene.pending == 0, what="the run")
    assert process.ended == [newest]


async def test_a_group_does_not_run_over_itself(scene: Scene) -> None:
    one, two = scene.process("p1"), scene.process("p2")
    one.gate.clear()
    two.gate.clear()
    first = scene.fire()
    await until(lambda: one.begun or two.begun, what="the run")
    scene.fire(minutes=1)
    await until(lambda: scene.pending == 1, what="the second fire to be dropped")
    assert one.begun + two.begun == [first]
    wanted = one.wanted or two.wanted
    assert wanted is not None
    assert not await wanted()


async def test_stopping_lets_a_run_finish(scene: Scene) -> None:
    process = scene.process()
    process.gate.clear()
    fire = scene.fire()
    await until(lambda: process.begun, what="the run")
    closing = asyncio.ensure_future(process.receiver.close())
    process.gate.set()
    await closing
    assert process.ended == [fire]
    assert scene.pending == 0  # acknowledged before it was closed


async def test_stopping_hands_back_what_takes_too_long(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_runs, "SILENT_SECONDS", 3600.0)
    monkeypatch.setattr(group_receiver, "SILENT_SECONDS", 3600.0)
    monkeypatch.setattr(group_receiver, "CLOSE_SECONDS", 0.1)
    one = scene.process("p1")
    one.gate.clear()
    fire = scene.fire()
    await until(lambda: one.begun, what="the run")
    await one.receiver.close()
    assert one.ended == []
    two = scene.process("p2")
    await _until_run(scene, lambda: two.ended == [fire], what="the run elsewhere, at once")


async def test_a_redis_that_lost_everything_is_listened_to_again(scene: Scene) -> None:
    process = scene.process()
    scene.fire(1)
    await until(lambda: len(process.ended) == 1, what="the first run")
    scene.redis.kill()
    scene.redis.start()
    scene.lead()
    second = scene.fire(2)
    await until(lambda: process.ended[-1] == second, what="the run after the loss")


async def test_a_message_with_fields_that_a_newer_version_added_is_run(scene: Scene) -> None:
    scene.fire(1)
    scene.add(group="a/b/2", priority="high")
    process = scene.process()
    await until(lambda: len(process.ended) == 2, what="both runs")


async def test_a_message_of_another_version_is_left_alone(scene: Scene) -> None:
    scene.fire(1)
    scene.add(group="a/b/2", version=2)
    process = scene.process()
    fire = scene.fire(3)
    await until(lambda: process.ended and process.ended[-1] == fire, what="the next message")
    assert [fire.group_id for fire in process.ended] == ["a/b/1", "a/b/3"]
    await until(lambda: scene.pending == 1, what="one that nobody acknowledges")
