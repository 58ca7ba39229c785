"""Each process knows every record as it is stored, whoever saved it, and tells each version once."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from tests.support.fake_change_feed import FakeChangeFeed
from tests.support.fake_storage import FakeWorkerStore
from tests.support.waiting import until
from tests.support.workers import CAUSE, NOW, new_state

from cmlfleet.application.ports.change_feed import FeedEntry, FeedPosition
from cmlfleet.application.services import change_publisher, followed_records
from cmlfleet.application.services.change_publisher import ChangePublisher
from cmlfleet.application.services.followed_records import FollowedRecords
from cmlfleet.application.services.saved_records import SavedRecords
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.events.cml_worker import CMLWorkerForgottenDomainEvent
from cmlfleet.domain.identifiers import WorkerId

ONE, TWO = WorkerId("w-1"), WorkerId("w-2")


class Process:
    """What one process publishes, and what it hears."""

    def __init__(self, feed: FakeChangeFeed, store: FakeWorkerStore) -> None:
        self._store = store
        self.publisher = ChangePublisher(feed)
        self.told: list[tuple[int | None, int | None]] = []
        self.entries: list[FeedEntry] = []
        self.places: list[FeedPosition] = []
        records = SavedRecords()
        records.subscribe(
            lambda before, after: self.told.append((before and before.version, after and after.version))
        )
        self.followed = FollowedRecords(
            feed=feed,
            workers=store,
            records=records,
            entries=lambda _position, entry: self.entries.append(entry),
            reached=self.places.append,
        )

    def _tell(self, before: CMLWorkerState | None, after: CMLWorkerState | None) -> None:
        self.told.append((before and before.version, after and after.version))

    async def start(self) -> None:
        self.publisher.start()
        await self.followed.start()

    async def close(self) -> None:
        await self.publisher.close()
        await self.followed.close()

    async def save(self, worker_id: WorkerId, *, name: str, in_silence: bool = False) -> CMLWorkerState:
        """Without a word: as a process does that dies right after its commit."""
        before = await self._store.load(worker_id)
        assert before is not None
        after = await self._store.save(replace(before, name=name))
        if not in_silence:
            self.followed.follow_own(before, after)
            self.publisher.follow(before, after)
        return after

    async def forget(self, worker_id: WorkerId) -> None:
        state = await self._store.load(worker_id)
        assert state is not None
        event = CMLWorkerForgottenDomainEvent(
            worker_id=worker_id, occurred_at=NOW, cause=CAUSE, instance=state.instance, name=state.name
        )
        removed = await self._store.remove(worker_id, event=event)
        self.publisher.follow(removed, None)

    def name_of(self, worker_id: WorkerId) -> str | None:
        state = self.followed.get(worker_id)
        return None if state is None else state.name


class Scene:
    def __init__(self) -> None:
        self.feed = FakeChangeFeed()
        self.store = FakeWorkerStore()
        self.one = Process(self.feed, self.store)
        self.two = Process(self.feed, self.store)


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Scene]:
    monkeypatch.setattr(change_publisher, "GATHER_SECONDS", 0.01)
    for module in (change_publisher, followed_records):
        monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)
    monkeypatch.setattr(followed_records, "GATHER_SECONDS", 0.01)
    monkeypatch.setattr(followed_records, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(followed_records, "COMPARE_EVERY_SECONDS", 3600.0)
    monkeypatch.setattr(followed_records, "COMPARE_WITHOUT_FEED_SECONDS", 0.05)
    scene = Scene()
    await scene.store.add(new_state(ONE, "i-1"), events=())
    await scene.store.add(new_state(TWO, "i-2"), events=())
    for process in (scene.one, scene.two):
        await process.start()
    yield scene
    for process in (scene.one, scene.two):
        await process.close()


async def test_what_one_process_saves_every_process_knows(scene: Scene) -> None:
    await scene.one.save(ONE, name="a")
    for process in (scene.one, scene.two):
        await until(lambda process=process: process.name_of(ONE) == "a", what="the change")
        assert process.told == [(1, 2)]


async def test_each_version_is_told_once(scene: Scene) -> None:
    await scene.one.save(ONE, name="a")
    await until(lambda: scene.two.told == [(1, 2)])
    await scene.feed.publish(FeedEntry(saved={ONE: 1}))
    await scene.feed.publish(FeedEntry(saved={ONE: 2}))
    await scene.two.save(ONE, name="b")
    await until(lambda: scene.two.name_of(ONE) == "b")
    assert scene.two.told == [(1, 2), (2, 3)]
    assert scene.one.told in ([(1, 2), (2, 3)], [(1, 2)])


async def test_who_is_forgotten_is_forgotten_everywhere(scene: Scene) -> None:
    await scene.one.save(ONE, name="a")
    await scene.one.forget(ONE)
    for process in (scene.one, scene.two):
        await until(lambda process=process: process.name_of(ONE) is None, what="the removal")
        assert process.told[-1][1] is None


async def test_a_new_record_is_told_as_new(scene: Scene) -> None:
    state = await scene.store.add(new_state("w-3", "i-3"), events=())
    scene.one.publisher.follow(None, state)
    await until(lambda: scene.two.told == [(None, 1)], what="the arrival")


async def test_progress_and_events_are_heard_of_after_the_records(scene: Scene) -> None:
    scene.one.publisher.events_committed()
    await scene.one.save(ONE, name="a")
    await until(lambda: any(entry.has_events for entry in scene.two.entries), what="the word of events")
    assert scene.two.name_of(ONE) == "a"
    assert scene.two.places[-1] == await scene.feed.end()


async def test_without_the_feed_the_database_tells(scene: Scene) -> None:
    scene.feed.is_down = True
    await scene.one.save(ONE, name="a")
    await until(lambda: scene.two.name_of(ONE) == "a", what="the change")
    scene.feed.is_down = False
    await until(lambda: scene.two.places[-1] == scene.one.places[-1] and len(scene.two.places) > 1, what="the feed")
    await scene.two.save(ONE, name="b")
    await until(lambda: scene.one.name_of(ONE) == "b", what="the next change")
    assert scene.one.told == [(1, 2), (2, 3)]


async def test_what_nobody_told_is_found_by_comparing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await scene.one.save(ONE, name="a", in_silence=True)
    await scene.store.add(new_state("w-3", "i-3"), events=())
    monkeypatch.setattr(followed_records, "COMPARE_EVERY_SECONDS", 0.02)
    await until(lambda: sorted(scene.two.told, key=str) == [(1, 2), (None, 1)], what="both changes")


async def test_a_feed_that_lost_its_data_in_silence_is_noticed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed_records, "COMPARE_EVERY_SECONDS", 0.02)
    before = scene.two.places[-1]
    scene.feed.lose_everything()
    await until(lambda: scene.two.places[-1].epoch != before.epoch, what="the new feed")
    await scene.one.save(ONE, name="a")
    await until(lambda: scene.two.name_of(ONE) == "a", what="the change")


async def test_without_a_database_nothing_is_skipped(scene: Scene) -> None:
    saved = await scene.one.save(ONE, name="a", in_silence=True)
    scene.store.is_down = True
    await scene.feed.publish(FeedEntry(saved={ONE: saved.version}, has_events=True))
    await scene.feed.publish(FeedEntry(saved={TWO: 9}))
    assert scene.two.told == []
    scene.store.is_down = False
    await until(lambda: scene.two.told == [(1, 2)], what="the change")
    await until(lambda: [entry.has_events for entry in scene.two.entries[-2:]] == [True, False], what="both entries")


async def test_what_could_not_be_published_is_published_later_with_the_latest_version(scene: Scene) -> None:
    scene.feed.is_down = True
    for name in ("a", "b", "c"):
        await scene.one.save(ONE, name=name)
    scene.feed.is_down = False
    await until(lambda: any(entry.saved == {ONE: 4} for entry in scene.two.entries), what="the last of the three")


async def test_stopping_publishes_what_is_left(scene: Scene) -> None:
    await scene.one.save(ONE, name="a")
    await scene.one.close()
    await until(lambda: scene.two.name_of(ONE) == "a", what="the change")
