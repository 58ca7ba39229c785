"""A listener of the stream goes on at any process: without a gap, each version once, or told to read all again."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest
from tests.support.fake_change_feed import FakeChangeFeed
from tests.support.workers import NOW, new_state

from cmlfleet.api import stream
from cmlfleet.api.feed_stream import FeedStreamHub
from cmlfleet.application.ports.change_feed import FeedEntry
from cmlfleet.application.ports.storage import Operation
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import WorkerId


class Process:
    """One process's hub, and what it has loaded."""

    def __init__(self, feed: FakeChangeFeed) -> None:
        self._feed = feed
        self.records: dict[WorkerId, CMLWorkerState] = {}
        self.hub = FeedStreamHub(clock=lambda: NOW, feed=feed, record_of=self.records.get)

    async def begin(self) -> None:
        self.hub.reached(await self._feed.end())

    def save(self, number: int, *, version: int) -> None:
        before = self.records.get(WorkerId(f"w-{number}"))
        after = replace(new_state(f"w-{number}"), version=version, note=f"version {version}")
        self.records[after.id] = after
        self.hub.follow(before, after)

    def remove(self, number: int) -> None:
        self.hub.follow(self.records.pop(WorkerId(f"w-{number}")), None)


class Listener:
    """Reads what is there; `seen` are the workers' messages as id and version."""

    def __init__(self, process: Process, last_event_id: str | None = None, limit: TeamLimit | None = None) -> None:
        self.stream = process.hub.listen(last_event_id, limit)
        self.id = last_event_id
        self.heard: list[dict[str, Any]] = []

    async def hear(self, count: int) -> "list[tuple[str, Any]]":
        for _ in range(count):
            message = await anext(self.stream)
            self.id = message["id"]
            if "event" in message:
                self.heard.append(message)
        return self.seen

    @property
    def seen(self) -> "list[tuple[str, Any]]":
        found: list[tuple[str, Any]] = []
        for message in self.heard:
            data = json.loads(message["data"])
            if message["event"].startswith("worker."):
                found.append((data["id"], data.get("version", "removed")))
        return found

    @property
    def events(self) -> list[str]:
        return [message["event"] for message in self.heard]


class Scene:
    def __init__(self) -> None:
        self.feed = FakeChangeFeed()
        self.one, self.two = Process(self.feed), Process(self.feed)

    async def save(self, number: int, *, version: int, known_to: tuple[Process, ...] | None = None) -> None:
        await self.feed.publish(FeedEntry(saved={WorkerId(f"w-{number}"): version}))
        for process in known_to or (self.one, self.two):
            process.save(number, version=version)
            process.hub.reached(await self.feed.end())

    async def remove(self, number: int) -> None:
        await self.feed.publish(FeedEntry(removed=(WorkerId(f"w-{number}"),)))
        for process in (self.one, self.two):
            process.remove(number)
            process.hub.reached(await self.feed.end())


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Scene]:
    monkeypatch.setattr(stream, "COALESCE_SECONDS", 0.0)
    scene = Scene()
    for process in (scene.one, scene.two):
        await process.begin()
    yield scene
    for process in (scene.one, scene.two):
        process.hub.close()


async def test_a_listener_goes_on_at_another_process_without_a_gap(scene: Scene) -> None:
    listener = Listener(scene.one)
    await listener.hear(1)
    await scene.save(1, version=1)
    assert await listener.hear(2) == [("w-1", 1)]
    await scene.save(1, version=2)
    await scene.save(2, version=1)
    await scene.save(1, version=3)
    elsewhere = Listener(scene.two, listener.id)
    assert sorted(await elsewhere.hear(2)) == [("w-1", 3), ("w-2", 1)]
    assert json.loads(elsewhere.heard[0]["data"])["changes"]["note"] is not None
    await scene.save(2, version=2)
    await elsewhere.hear(2)
    assert elsewhere.seen[2:] == [("w-2", 2)]


async def test_what_a_process_that_lags_behind_says_again_is_not_heard_again(scene: Scene) -> None:
    listener = Listener(scene.one)
    await listener.hear(1)
    await scene.save(1, version=1, known_to=(scene.one,))
    await scene.save(2, version=1, known_to=(scene.one,))
    await listener.hear(3)
    elsewhere = Listener(scene.two, listener.id)
    hearing = elsewhere.hear(1)
    scene.two.save(1, version=1)
    scene.two.save(2, version=1)
    scene.two.save(3, version=1)
    scene.two.hub.reached(await scene.feed.end())
    assert await hearing == [("w-3", 1)]
    assert elsewhere.id == listener.id


async def test_a_removal_is_heard_once(scene: Scene) -> None:
    await scene.save(1, version=1)
    listener = Listener(scene.one)
    await listener.hear(1)
    await scene.remove(1)
    elsewhere = Listener(scene.two, listener.id)
    await scene.save(2, version=1)
    assert await elsewhere.hear(3) == [("w-1", "removed"), ("w-2", 1)]


async def test_an_operation_s_latest_progress_is_caught_up_with(scene: Scene) -> None:
    listener = Listener(scene.one)
    await listener.hear(1)
    operation = Operation(id="o", kind="refresh", state="running", done=1, total=2, created_by="a", created_at=NOW)
    await scene.feed.publish(FeedEntry(operations=(operation,)))
    await scene.feed.publish(FeedEntry(operations=(replace(operation, done=2),)))
    elsewhere = Listener(scene.two, listener.id)
    await elsewhere.hear(1)
    assert [json.loads(message["data"])["done"] for message in elsewhere.heard] == [2]


@pytest.mark.parametrize("last_event_id", ["", "x", "1-2", "9-1-0", "1-x-0", "1-" + "9" * 30 + "-0", "1-1-0-0"])
async def test_an_id_of_another_feed_or_of_none_is_answered_with_one_reset(scene: Scene, last_event_id: str) -> None:
    listener = Listener(scene.one, last_event_id)
    await scene.save(1, version=1)
    await listener.hear(2)
    assert listener.events == ["reset", "worker.updated"]


async def test_what_the_feed_dropped_cannot_be_caught_up_with(scene: Scene) -> None:
    listener = Listener(scene.one)
    await listener.hear(1)
    await scene.save(1, version=1)
    await scene.save(1, version=2)
    scene.feed.drop_all_but_the_last()
    elsewhere = Listener(scene.two, listener.id)
    await elsewhere.hear(1)
    assert elsewhere.events == ["reset"]


async def test_without_the_feed_a_listener_that_comes_back_reads_all_again(scene: Scene) -> None:
    listener = Listener(scene.one)
    await listener.hear(1)
    scene.feed.is_down = True
    elsewhere = Listener(scene.two, listener.id)
    await elsewhere.hear(1)
    assert elsewhere.events == ["reset"]


async def test_a_team_that_comes_back_reads_all_again(scene: Scene) -> None:
    limit = TeamLimit(labels=("team=red",))
    listener = Listener(scene.one, limit=limit)
    await listener.hear(1)
    elsewhere = Listener(scene.two, listener.id, limit)
    await elsewhere.hear(1)
    assert elsewhere.events == ["reset"]
