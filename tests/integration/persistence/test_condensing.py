"""Older samples become means over five minutes, in small transactions that let others write between them."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from tests.integration.persistence.records import add_all, numbered, status_changed
from tests.support.workers import NOW

from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.application.services.retention_job import RAW_SAMPLES, RetentionJob
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sample import Sample
from cmlfleet.persistence import retention, tables
from cmlfleet.persistence.storage import Storage

LATER = NOW + timedelta(hours=1)
FIVE_MINUTES = 300


def _at(minutes: float, **figures: float) -> Sample:
    return Sample(at=NOW + timedelta(minutes=minutes), **figures)  # pyright: ignore[reportArgumentType]


async def _rows(storage: Storage) -> tuple[int, int]:
    """Samples and means."""
    async with storage.database.reading() as connection:
        samples = (await connection.execute(select(func.count()).select_from(tables.samples))).scalar_one()
        means = (await connection.execute(select(func.count()).select_from(tables.sample_means))).scalar_one()
    return samples, means


async def _series(storage: Storage, worker: str, *, minutes: int = 20, step: int = FIVE_MINUTES) -> list[Sample]:
    end = NOW + timedelta(minutes=minutes)
    found = await storage.reader.samples(WorkerId(worker), start=NOW, end=end, step_seconds=step)
    return list(found.points)


async def _two_workers(storage: Storage) -> tuple[CMLWorkerState, CMLWorkerState]:
    one, two = await add_all(storage, numbered(1), numbered(2))
    one, two = await asyncio.gather(
        storage.workers.save(
            one,
            samples=[
                _at(0, cpu_utilization=10.0, labs_count=2, nodes_running=3),
                _at(1, cpu_utilization=20.0, labs_count=3, nodes_running=4),
                _at(2.5, memory_utilization=50.0),
                _at(11, cpu_utilization=70.0),
                _at(19, cpu_utilization=5.0),
            ],
        ),
        storage.workers.save(two, samples=[_at(4.9, cpu_utilization=90.0), _at(14.999, disk_utilization=40.0)]),
    )
    return one, two


async def test_means_say_the_same_as_the_samples_did(storage: Storage) -> None:
    await _two_workers(storage)
    before = [await _series(storage, "w-001"), await _series(storage, "w-002")]
    assert await storage.retention.condense_samples_before(NOW + timedelta(minutes=15)) == 6
    assert await _rows(storage) == (1, 4)
    assert [await _series(storage, "w-001"), await _series(storage, "w-002")] == before
    first = before[0][0]
    assert (first.cpu_utilization, first.memory_utilization, first.disk_utilization) == (15.0, 50.0, None)
    assert (first.labs_count, first.nodes_running) == (2, 4)


async def test_five_minutes_that_are_not_over_stay_as_they_are(storage: Storage) -> None:
    await _two_workers(storage)
    assert await storage.retention.condense_samples_before(NOW + timedelta(minutes=4, seconds=59)) == 0
    assert await storage.retention.condense_samples_before(NOW + timedelta(minutes=5)) == 4
    assert await storage.retention.condense_samples_before(NOW + timedelta(minutes=5)) == 0
    assert await _rows(storage) == (3, 2)


async def test_a_sample_that_comes_late_is_not_lost(storage: Storage) -> None:
    one, _ = await _two_workers(storage)
    await storage.retention.condense_samples_before(LATER)
    await storage.workers.save(one, samples=[_at(3, disk_utilization=33.0)])
    await storage.retention.condense_samples_before(LATER)
    first, *_ = await _series(storage, "w-001")
    assert (first.cpu_utilization, first.disk_utilization) == (15.0, 33.0)
    assert (await _rows(storage))[0] == 0


async def test_what_is_cut_short_goes_on_where_it_was(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    await _two_workers(storage)
    before = [await _series(storage, "w-001"), await _series(storage, "w-002")]
    monkeypatch.setattr(retention, "WORKERS_IN_ONE_GO", 1)
    steps = 0
    step = storage.retention._step

    async def cut_short(work: object) -> int:
        nonlocal steps
        steps += 1
        if steps == 2:
            raise StorageUnavailable("away")
        return await step(work)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(storage.retention, "_step", cut_short)
    with pytest.raises(StorageUnavailable):
        await storage.retention.condense_samples_before(LATER)
    assert [await _series(storage, "w-001"), await _series(storage, "w-002")] == before
    await storage.retention.condense_samples_before(LATER)
    assert [await _series(storage, "w-001"), await _series(storage, "w-002")] == before
    assert (await _rows(storage))[0] == 0


@pytest.mark.parametrize("step", [1, 7, 60, 3600, 86_400])
async def test_steps_of_any_length_count_from_the_beginning(storage: Storage, step: int) -> None:
    (one,) = await add_all(storage, numbered(1))
    moments = [0.0, 0.4, 1.0, 6.999999, 7.0, 59.5, 60.0, 119.0]
    samples = [Sample(at=NOW + timedelta(seconds=second), cpu_utilization=second) for second in moments]
    await storage.workers.save(one, samples=samples)
    start = NOW + timedelta(microseconds=250_000)
    end = NOW + timedelta(minutes=2)
    found = await storage.reader.samples(WorkerId("w-001"), start=start, end=end, step_seconds=step)
    expected: dict[int, list[float]] = {}
    for second in moments:
        if second >= 0.25:
            expected.setdefault(int((second - 0.25) // step), []).append(second)
    assert {
        index: point.cpu_utilization for index, point in enumerate(found.points) if point.cpu_utilization is not None
    } == {index: round(sum(values) / len(values), 2) for index, values in expected.items()}


async def test_the_job_condenses_what_is_older_than_two_days_and_lets_go_of_what_is_older_than_configured(
    storage: Storage,
) -> None:
    (one,) = await add_all(storage, numbered(1))
    ages = [timedelta(hours=1), RAW_SAMPLES + timedelta(hours=1), timedelta(days=6), timedelta(days=8)]
    await storage.workers.save(one, samples=[Sample(at=NOW - age, cpu_utilization=1.0) for age in ages])
    job = RetentionJob(history=storage.retention, samples_days=7, events_days=9, audit_days=9, clock=lambda: NOW)
    await job.work_async()
    assert await _rows(storage) == (1, 2)
    again = RetentionJob(
        history=storage.retention, samples_days=1, events_days=9, audit_days=9, clock=lambda: NOW + RAW_SAMPLES
    )
    await again.work_async()
    assert await _rows(storage) == (0, 0)


@pytest.mark.parametrize("what", ["samples", "events"])
async def test_a_save_gets_its_turn_between_any_two_steps(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(retention, "IN_ONE_GO", 20)
    monkeypatch.setattr(retention, "WORKERS_IN_ONE_GO", 1)
    old, other = await add_all(storage, numbered(1), numbered(2))
    steps = 30
    await storage.workers.save(
        old,
        samples=[_at(5 * number + minute, cpu_utilization=1.0) for number in range(steps) for minute in range(4)],
        events=[status_changed("w-001") for _ in range(20 * steps)],
    )
    await storage.outbox.delivered([event.sequence for event in await storage.outbox.pending(limit=9999)])
    work = {
        "samples": storage.retention.condense_samples_before(NOW + timedelta(days=1)),
        "events": storage.retention.delete_events_before(NOW + timedelta(days=1)),
    }
    ours, theirs = work.pop(what), work.popitem()[1]
    theirs.close()
    running = asyncio.ensure_future(ours)
    saves = 0
    while not running.done():
        other = await storage.workers.save(other)
        saves += 1
    assert await running >= 20 * steps if what == "events" else 4 * steps
    assert saves >= steps / 3
