"""The history of figures, and letting go of what is old."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import event as on
from sqlalchemy import func, select
from tests.integration.persistence.records import add_all, forgotten, numbered, status_changed
from tests.support.workers import NOW

from cmlfleet.application.ports.reading import InvalidCriteria
from cmlfleet.application.queries.criteria import EventCriteria
from cmlfleet.application.services.retention_job import RetentionJob
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sample import Sample
from cmlfleet.persistence import retention, tables
from cmlfleet.persistence.storage import Storage

HOUR = timedelta(hours=1)


def _at(seconds: float, **figures: Any) -> Sample:
    return Sample(at=NOW + timedelta(seconds=seconds), **figures)


async def _read(storage: Storage, *, seconds: int = 60, step: int = 60, worker: str = "w-001") -> list[Sample]:
    series = await storage.reader.samples(
        WorkerId(worker), start=NOW, end=NOW + timedelta(seconds=seconds), step_seconds=step
    )
    assert series.step_seconds == step
    return list(series.points)


async def _count(storage: Storage) -> int:
    async with storage.database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(tables.samples))).scalar_one()


async def test_every_figure_of_a_sample_comes_back(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    sample = _at(
        0,
        cpu_utilization=12.34,
        memory_utilization=0.0,
        disk_utilization=100.0,
        labs_count=3,
        labs_running=2,
        nodes_running=20,
    )
    assert None not in asdict(sample).values()
    await storage.workers.save(state, samples=[sample])
    assert await _read(storage) == [sample]


async def test_steps_hold_means_and_an_empty_step_holds_nothing(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    await storage.workers.save(
        state,
        samples=[
            _at(0, cpu_utilization=10.0, nodes_running=1),
            _at(59.9, cpu_utilization=20.0),
            _at(60, cpu_utilization=1.0, memory_utilization=50.0),
            _at(180, nodes_running=3),
            _at(190, nodes_running=4),
            _at(200, nodes_running=4),
        ],
    )
    assert await _read(storage, seconds=230) == [
        _at(0, cpu_utilization=15.0, nodes_running=1),
        _at(60, cpu_utilization=1.0, memory_utilization=50.0),
        _at(120),
        _at(180, nodes_running=4),
    ]


async def test_the_end_is_not_part_of_the_history_asked_for_and_the_start_is(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    samples = [_at(second, cpu_utilization=1.0) for second in (-0.000001, 0, 59.999999, 60)]
    await storage.workers.save(state, samples=samples)
    assert await _read(storage) == [_at(0, cpu_utilization=1.0)]
    assert len(await _read(storage, seconds=60, step=30)) == 2


async def test_a_start_in_another_zone_is_the_same_moment(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    await storage.workers.save(state, samples=[_at(0, cpu_utilization=1.0)])
    start = NOW.astimezone(timezone(timedelta(hours=-7)))
    (point,) = (await storage.reader.samples(state.id, start=start, end=start + HOUR, step_seconds=3600)).points
    assert point == _at(0, cpu_utilization=1.0)
    assert point.at.tzinfo is UTC


async def test_times_outside_the_calendar_are_refused(storage: Storage) -> None:
    start = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    with pytest.raises(InvalidCriteria, match="calendar"):
        await storage.reader.samples(WorkerId("w-001"), start=start, end=start + HOUR, step_seconds=60)


async def test_samples_are_their_own_worker_s(storage: Storage) -> None:
    one, two = await add_all(storage, numbered(1), numbered(2))
    await asyncio.gather(
        storage.workers.save(one, samples=[_at(0, cpu_utilization=1.0)]),
        storage.workers.save(two, samples=[_at(0, cpu_utilization=2.0)]),
    )
    assert await _read(storage, worker="w-002") == [_at(0, cpu_utilization=2.0)]
    assert await _read(storage, worker="w-404") == [_at(0)]


async def test_two_samples_of_one_moment_become_one(storage: Storage) -> None:
    """CPU and memory of one datapoint may come in two readings, or in one save."""
    (state,) = await add_all(storage, numbered(1))
    state = await storage.workers.save(
        state, samples=[_at(0, cpu_utilization=1.0, labs_count=1), _at(0, memory_utilization=2.0)]
    )
    await storage.workers.save(state, samples=[_at(0, cpu_utilization=3.0, disk_utilization=4.0)])
    assert await _count(storage) == 1
    assert await _read(storage) == [
        _at(0, cpu_utilization=3.0, memory_utilization=2.0, disk_utilization=4.0, labs_count=1)
    ]


async def test_the_history_of_a_forgotten_worker_stays(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    state = await storage.workers.save(state, samples=[_at(0, cpu_utilization=1.0)])
    await storage.workers.remove(state.id, event=forgotten(state))
    assert await _read(storage) == [_at(0, cpu_utilization=1.0)]


async def test_old_samples_go_and_newer_ones_stay(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    await storage.workers.save(state, samples=[_at(second, cpu_utilization=1.0) for second in (0, 10, 20)])
    assert await storage.retention.delete_samples_before(NOW + timedelta(seconds=10)) == 1
    assert await storage.retention.delete_samples_before(NOW + timedelta(seconds=10)) == 0
    assert await _read(storage, step=10, seconds=30) == [
        _at(0),
        _at(10, cpu_utilization=1.0),
        _at(20, cpu_utilization=1.0),
    ]


async def test_old_events_go_unless_they_are_still_to_be_delivered(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    old = [status_changed("w-001", word, occurred_at=NOW - HOUR) for word in ("a", "b", "c")]
    await storage.workers.save(state, events=[*old, status_changed("w-001", "new")])
    a, _, c, new = await storage.outbox.pending(limit=9)
    await storage.outbox.delivered([a.sequence, c.sequence, new.sequence])
    assert await storage.retention.delete_events_before(NOW) == 2
    left = (await storage.reader.find_events(EventCriteria())).items
    assert [event.data["after"] for event in left] == ["new", "b"]
    assert [event.data["after"] for event in await storage.outbox.pending(limit=9)] == ["b"]


async def test_a_long_history_goes_in_small_transactions(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "IN_ONE_GO", 10)
    (state,) = await add_all(storage, numbered(1))
    await storage.workers.save(
        state,
        samples=[_at(second, cpu_utilization=1.0) for second in range(25)],
        events=[status_changed("w-001") for _ in range(25)],
    )
    await storage.outbox.delivered([event.sequence for event in await storage.outbox.pending(limit=99)])
    commits: list[object] = []
    on.listen(storage.database._writer.sync_engine, "commit", commits.append)
    assert await storage.retention.delete_samples_before(NOW + HOUR) == 25
    assert len(commits) == 3 + 1  # a look for means
    commits.clear()
    assert await storage.retention.delete_events_before(NOW + HOUR) == 25
    assert len(commits) == 1 + 3  # what is known of forgotten workers goes at once


async def test_a_sequence_is_never_given_twice(storage: Storage) -> None:
    """Otherwise a cursor or a reader that follows would pass new events by after old ones went."""
    (state,) = await add_all(storage, numbered(1))
    state = await storage.workers.save(state, events=[status_changed("w-001")])
    (first,) = await storage.outbox.pending(limit=9)
    await storage.outbox.delivered([first.sequence])
    assert await storage.retention.delete_events_before(NOW + HOUR) == 1
    await storage.workers.save(state, events=[status_changed("w-001")])
    (second,) = await storage.outbox.pending(limit=9)
    assert second.sequence > first.sequence


async def test_the_retention_job_keeps_samples_and_events_as_long_as_configured(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    ages = (1, 3, 5)
    await storage.workers.save(
        state,
        samples=[Sample(at=NOW - timedelta(days=age), cpu_utilization=1.0) for age in ages],
        events=[status_changed("w-001", str(age), occurred_at=NOW - timedelta(days=age)) for age in ages],
    )
    await storage.outbox.delivered([event.sequence for event in await storage.outbox.pending(limit=9)])
    job = RetentionJob(history=storage.retention, samples_days=2, events_days=4, audit_days=9, clock=lambda: NOW)
    await job.work_async()
    assert await _count(storage) == 1
    left = (await storage.reader.find_events(EventCriteria())).items
    assert [event.data["after"] for event in left] == ["3", "1"]
