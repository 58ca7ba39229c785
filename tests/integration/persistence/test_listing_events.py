"""The history of events: newest first, by worker, type, actor and time."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from tests.integration.persistence.records import add_all, forgotten, numbered, status_changed
from tests.support.workers import NOW

from cmlfleet.application.ports.reading import InvalidCriteria
from cmlfleet.application.queries.criteria import EventCriteria, WorkerCriteria
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.events.domain_event import DomainEvent
from cmlfleet.persistence.storage import Storage

BEFORE_ALL_TIME = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
AFTER_ALL_TIME = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-14)))


async def _store(storage: Storage, *events: DomainEvent) -> None:
    for event in events:
        state = await storage.workers.load(event.worker_id)
        if state is None:
            (state,) = await add_all(storage, numbered(int(event.worker_id.removeprefix("w-"))))
        await storage.workers.save(state, events=[event])


async def _words(storage: Storage, **criteria: Any) -> list[Any]:
    page = await storage.reader.find_events(EventCriteria(**criteria))
    assert page.total == len(page.items)
    assert page.next_cursor is None
    return [event.data["after"] for event in page.items]


async def test_the_newest_commit_comes_first_whatever_its_time(storage: Storage) -> None:
    await _store(
        storage,
        status_changed("w-001", "a"),
        status_changed("w-002", "b", occurred_at=NOW - timedelta(days=1)),
        status_changed("w-001", "c"),
    )
    assert await _words(storage) == ["c", "b", "a"]


async def test_by_worker_type_actor_and_time(storage: Storage) -> None:
    await _store(
        storage,
        status_changed("w-001", "a", cause=Cause(actor="schedule", command="RefreshWorkerMetricsCommand")),
        status_changed("w-002", "b", occurred_at=NOW + timedelta(seconds=1)),
        status_changed("w-002", "c", occurred_at=NOW + timedelta(seconds=2)),
    )
    assert await _words(storage, worker_id="w-002") == ["c", "b"]
    assert await _words(storage, worker_id="w-404") == []
    assert await _words(storage, actor="schedule") == ["a"]
    assert await _words(storage, actor="sched") == []
    assert await _words(storage, types=("CMLWorkerStatusChangedDomainEvent", "Other")) == ["c", "b", "a"]
    assert await _words(storage, types=("Other",)) == []
    assert await _words(storage, since=NOW + timedelta(seconds=1)) == ["c", "b"]
    assert await _words(storage, until=NOW + timedelta(seconds=1)) == ["a"]
    in_another_zone = (NOW + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=5)))
    assert await _words(storage, since=in_another_zone, until=in_another_zone + timedelta(seconds=1)) == ["b"]
    assert await _words(storage, worker_id="w-002", actor="schedule") == []


async def test_names_that_no_database_could_hold_match_nothing(storage: Storage) -> None:
    await _store(storage, status_changed("w-001", "a"))
    assert await _words(storage, worker_id="\0") == []
    assert await _words(storage, actor="\0", types=("\0",)) == []


async def test_times_come_back_as_they_happened(storage: Storage) -> None:
    happened = datetime(2026, 11, 24, 1, 2, 3, 456789, tzinfo=timezone(timedelta(hours=2)))
    await _store(storage, status_changed("w-001", occurred_at=happened))
    (event,) = (await storage.reader.find_events(EventCriteria())).items
    assert event.occurred_at == happened
    assert event.occurred_at.tzinfo is UTC


async def test_events_of_a_forgotten_worker_stay(storage: Storage) -> None:
    await _store(storage, status_changed("w-001", "a"))
    state = await storage.workers.load(numbered(1).id)
    assert state is not None
    await storage.workers.remove(state.id, event=forgotten(state))
    page = await storage.reader.find_events(EventCriteria(worker_id="w-001"))
    assert [event.type for event in page.items] == [
        "CMLWorkerForgottenDomainEvent",
        "CMLWorkerStatusChangedDomainEvent",
    ]


async def test_pages_hold_every_event_once_while_new_ones_come(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    state = await storage.workers.save(state, events=[status_changed("w-001", str(word)) for word in range(10)])
    first = await storage.reader.find_events(EventCriteria(limit=4))
    await storage.workers.save(state, events=[status_changed("w-001", "new")])
    second = await storage.reader.find_events(EventCriteria(limit=4, cursor=first.next_cursor))
    third = await storage.reader.find_events(EventCriteria(limit=4, cursor=second.next_cursor))
    words = [event.data["after"] for page in (first, second, third) for event in page.items]
    assert words == [str(word) for word in reversed(range(10))]
    assert third.next_cursor is None
    assert (first.total, third.total) == (10, 11)


async def test_a_cursor_that_is_not_ours_is_refused(storage: Storage) -> None:
    await add_all(storage, numbered(1), numbered(2))
    from_another_list = (await storage.reader.find_states(WorkerCriteria(limit=1))).next_cursor
    huge = "WyItc2VxdWVuY2UiLG51bGwsOTk5OTk5OTk5OTk5OTk5OTk5XQ"  # ["-sequence",null,999999999999999999]
    words = "WyItc2VxdWVuY2UiLG51bGwsIngiXQ"  # ["-sequence",null,"x"]
    for cursor in (from_another_list, huge, words, "nonsense"):
        with pytest.raises(InvalidCriteria, match="cursor"):
            await storage.reader.find_events(EventCriteria(cursor=cursor))


@pytest.mark.parametrize("moment", [BEFORE_ALL_TIME, AFTER_ALL_TIME])
async def test_times_outside_the_calendar_are_refused(storage: Storage, moment: datetime) -> None:
    with pytest.raises(InvalidCriteria, match="calendar"):
        await storage.reader.find_events(EventCriteria(since=moment))
    with pytest.raises(InvalidCriteria, match="calendar"):
        await storage.reader.find_events(EventCriteria(until=moment))


async def test_the_first_and_last_moments_of_the_calendar_are_times(storage: Storage) -> None:
    await _store(storage, status_changed("w-001", "a"))
    assert await _words(storage, since=datetime.min.replace(tzinfo=UTC), until=datetime.max.replace(tzinfo=UTC)) == [
        "a"
    ]


async def test_following_the_history_goes_on_behind_a_sequence(storage: Storage) -> None:
    await _store(storage, *(status_changed("w-001", word) for word in "abcd"))
    first = await storage.reader.events_after(0, limit=2)
    assert [event.data["after"] for event in first] == ["a", "b"]
    rest = await storage.reader.events_after(first[-1].sequence, limit=9)
    assert [event.data["after"] for event in rest] == ["c", "d"]
    assert await storage.reader.events_after(rest[-1].sequence, limit=9) == []
