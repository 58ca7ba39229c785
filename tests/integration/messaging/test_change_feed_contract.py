"""The feed in Redis and the one that tests use behave alike: in order, waited for, and honest about gaps."""

import asyncio
from collections.abc import Callable

import pytest
from tests.support.fake_change_feed import FakeChangeFeed
from tests.support.redis_server import RedisServer
from tests.support.workers import NOW

from cmlfleet.application.ports.change_feed import ChangeFeed, FeedEntry, FeedPosition
from cmlfleet.application.ports.cluster import CoordinationUnavailable
from cmlfleet.application.ports.storage import Operation
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.messaging.change_feed import RedisChangeFeed
from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.redis_link import RedisLink

ENTRY = FeedEntry(
    saved={WorkerId("w-1"): 3, WorkerId("w-2"): 1},
    removed=(WorkerId("w-3"),),
    operations=(
        Operation(
            id="o",
            kind="refresh",
            state="running",
            done=1,
            total=2,
            created_by="ann",
            created_at=NOW,
            within=TeamLimit(labels=("team=red",)),
        ),
    ),
    has_events=True,
)


class Scene:
    """One feed, and how it suffers."""

    def __init__(
        self,
        feed: ChangeFeed,
        *,
        lose: Callable[[], object],
        drop: Callable[[], object],
        take_down: Callable[[], object],
    ) -> None:
        self.feed = feed
        self.lose = lose
        self.drop = drop
        self.take_down = take_down


@pytest.fixture(params=["fake", "redis"])
def scene(request: pytest.FixtureRequest) -> Scene:
    if request.param == "fake":
        fake = FakeChangeFeed()

        def down() -> None:
            fake.is_down = True

        return Scene(fake, lose=fake.lose_everything, drop=fake.drop_all_but_the_last, take_down=down)
    redis: RedisServer = request.getfixturevalue("redis")
    link: RedisLink = request.getfixturevalue("link")
    keys: Keys = request.getfixturevalue("keys")
    return Scene(
        RedisChangeFeed(link, keys),
        lose=redis.client.flushall,
        drop=lambda: redis.client.xtrim(keys.changes, maxlen=1, approximate=False),
        take_down=redis.kill,
    )


async def _since(scene: Scene, place: FeedPosition) -> list[FeedEntry]:
    found = await scene.feed.since(place)
    assert found is not None
    return [entry for _, entry in found]


async def test_what_is_published_is_read_as_it_was_and_in_order(scene: Scene) -> None:
    start = await scene.feed.end()
    await scene.feed.publish(ENTRY)
    await scene.feed.publish(FeedEntry(has_events=True))
    (first, one), (second, two) = await scene.feed.read(start, wait_seconds=1)
    assert (one, two) == (ENTRY, FeedEntry(has_events=True))
    assert start < first < second
    assert await scene.feed.end() == second
    assert [entry for _, entry in await scene.feed.read(first, wait_seconds=1)] == [two]


async def test_a_reader_waits_for_news_and_not_for_ever(scene: Scene) -> None:
    start = await scene.feed.end()
    assert list(await scene.feed.read(start, wait_seconds=0.05)) == []
    reading = asyncio.ensure_future(scene.feed.read(start, wait_seconds=20))
    await asyncio.sleep(0)
    await scene.feed.publish(ENTRY)
    assert [entry for _, entry in await reading] == [ENTRY]


async def test_who_comes_back_gets_everything_since(scene: Scene) -> None:
    start = await scene.feed.end()
    assert await _since(scene, start) == []
    await scene.feed.publish(ENTRY)
    assert await _since(scene, start) == [ENTRY]


async def test_who_comes_back_too_late_is_told_so(scene: Scene) -> None:
    start = await scene.feed.end()
    await scene.feed.publish(ENTRY)
    await scene.feed.publish(ENTRY)
    end = await scene.feed.end()
    scene.drop()
    assert await scene.feed.since(start) is None
    assert await _since(scene, end) == []


async def test_a_feed_that_lost_everything_is_another_feed(scene: Scene) -> None:
    start = await scene.feed.end()
    scene.lose()
    assert (await scene.feed.end()).epoch != start.epoch
    assert await scene.feed.since(start) is None


async def test_a_feed_that_lost_everything_and_was_written_to_is_another_feed(scene: Scene) -> None:
    start = await scene.feed.end()
    scene.lose()
    await scene.feed.publish(ENTRY)
    assert await scene.feed.since(start) is None
    assert (await scene.feed.end()).epoch != start.epoch


async def test_without_it_every_call_says_so(scene: Scene) -> None:
    start = await scene.feed.end()
    scene.take_down()
    for call in (
        scene.feed.end(),
        scene.feed.publish(ENTRY),
        scene.feed.since(start),
        scene.feed.read(start, wait_seconds=0.05),
    ):
        with pytest.raises(CoordinationUnavailable):
            await call
