"""A record and its events are saved together or not at all; saves of one moment share a transaction, not a fate."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import IntegrityError
from tests.integration.persistence.records import add_all, forgotten, numbered, status_changed
from tests.support.waiting import until
from tests.support.workers import NOW

from cmlfleet.application.ports.storage import VersionConflict, WorkerAlreadyKnown
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import EventId, WorkerId
from cmlfleet.domain.sample import Sample
from cmlfleet.persistence import tables
from cmlfleet.persistence.storage import Storage
from cmlfleet.persistence.workers import IN_ONE_GROUP

TAKEN = EventId("taken")
Spoil = Callable[[CMLWorkerState], tuple[CMLWorkerState, EventId]]
LABS_OF_A_BIG_CLASS = 40_000  # events in one transaction: more than either database takes parameters in a statement


async def _events(storage: Storage) -> list[str]:
    return [entry.event_id for entry in await storage.reader.events_after(0, limit=100_000)]


async def _owed(storage: Storage) -> int:
    async with storage.database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(tables.outbox))).scalar_one()


async def test_an_event_that_cannot_be_stored_leaves_no_change_of_the_record(storage: Storage) -> None:
    state = await storage.workers.add(numbered(1), events=[status_changed("w-001", event_id=TAKEN)])
    with pytest.raises(IntegrityError):
        await storage.workers.save(
            replace(state, name="changed"),
            events=[status_changed("w-001", event_id=EventId("new")), status_changed("w-001", event_id=TAKEN)],
            samples=[Sample(at=NOW, cpu_utilization=1.0)],
        )
    assert await storage.workers.load(state.id) == state
    assert await _events(storage) == [TAKEN]
    assert await _owed(storage) == 1
    async with storage.database.reading() as connection:
        assert (await connection.execute(select(tables.samples))).all() == []


async def test_an_event_that_cannot_be_stored_leaves_no_added_record(storage: Storage) -> None:
    await storage.workers.add(numbered(1), events=[status_changed("w-001", event_id=TAKEN)])
    with pytest.raises(IntegrityError):
        await storage.workers.add(numbered(2), events=[status_changed("w-002", event_id=TAKEN)])
    assert await storage.workers.load(WorkerId("w-002")) is None


async def test_an_event_that_cannot_be_stored_leaves_a_forgotten_worker_as_it_was(storage: Storage) -> None:
    state = await storage.workers.add(numbered(1), events=[status_changed("w-001", event_id=TAKEN)])
    with pytest.raises(IntegrityError):
        await storage.workers.remove(state.id, event=replace(forgotten(state), event_id=TAKEN))
    assert await storage.workers.load(state.id) == state
    assert await storage.workers.forgotten_instances(state.account_id, state.region) == frozenset()


async def test_saves_of_one_moment_share_a_transaction(storage: Storage) -> None:
    states = await add_all(storage, *(numbered(number) for number in range(50)))
    commits: list[object] = []
    event.listen(storage.database._writer.sync_engine, "commit", commits.append)
    saved = await asyncio.gather(
        *(storage.workers.save(state, events=[status_changed(state.id)]) for state in states)
    )
    assert len(commits) == 1
    assert [state.version for state in saved] == [2] * 50
    assert len(await _events(storage)) == 50


async def test_a_group_has_a_size(storage: Storage) -> None:
    states = await add_all(storage, *(numbered(number) for number in range(IN_ONE_GROUP + 10)))
    commits: list[object] = []
    event.listen(storage.database._writer.sync_engine, "commit", commits.append)
    await asyncio.gather(*(storage.workers.save(state) for state in states))
    assert len(commits) == 2


async def test_workers_added_at_one_moment_share_a_transaction(storage: Storage) -> None:
    commits: list[object] = []
    event.listen(storage.database._writer.sync_engine, "commit", commits.append)
    added = await asyncio.gather(
        *(storage.workers.add(numbered(number), events=[status_changed(f"w-{number:03}")]) for number in range(50))
    )
    assert len(commits) == 1
    assert [state.version for state in added] == [1] * 50
    assert len(await _events(storage)) == 50


async def test_a_worker_that_is_known_already_keeps_no_other_from_being_added(storage: Storage) -> None:
    await storage.workers.add(numbered(1), events=[])
    answers = await asyncio.gather(
        storage.workers.add(replace(numbered(1), id=WorkerId("w-other")), events=[status_changed("w-other")]),
        storage.workers.add(numbered(2), events=[status_changed("w-002", event_id=EventId("good"))]),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [WorkerAlreadyKnown, CMLWorkerState]
    assert await _events(storage) == ["good"]


async def test_a_conflict_takes_no_other_with_it(storage: Storage) -> None:
    good, late = await add_all(storage, numbered(1), numbered(2))
    await storage.workers.save(late)
    answers = await asyncio.gather(
        storage.workers.save(late, events=[status_changed("w-002")]),
        storage.workers.save(good, events=[status_changed("w-001", event_id=EventId("good"))]),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [VersionConflict, CMLWorkerState]
    assert await _events(storage) == ["good"]


async def test_a_caller_that_gives_up_does_not_cancel_the_others(storage: Storage) -> None:
    first, second = await add_all(storage, numbered(1), numbered(2))
    impatient = asyncio.ensure_future(storage.workers.save(replace(first, name="saved all the same")))
    patient = asyncio.ensure_future(storage.workers.save(second))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).version == 2
    found = await storage.workers.load(first.id)
    assert found is not None
    assert found.name == "saved all the same"


async def test_a_cancelled_transaction_leaves_nothing_and_blocks_nobody(storage: Storage) -> None:
    states = await add_all(storage, *(numbered(number) for number in range(20)))
    for number, state in enumerate(states):
        task = asyncio.ensure_future(storage.workers.remove(state.id, event=forgotten(state)))
        for _ in range(number):
            await asyncio.sleep(0)  # each a little further into the transaction
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    kept = {state.id for state in await storage.workers.all_states()}
    removed = {entry.worker_id for entry in await storage.reader.events_after(0, limit=99)}
    assert removed == {state.id for state in states} - kept
    state = await storage.workers.add(numbered(100), events=[status_changed("w-100")])
    assert await storage.workers.load(state.id) == state


async def test_nobody_hears_saved_before_the_commit(storage: Storage, other: Storage) -> None:
    states = await add_all(storage, *(numbered(number) for number in range(30)))

    async def save_and_look(state: CMLWorkerState) -> bool:
        saved = await storage.workers.save(state)
        return await other.workers.load(state.id) == saved

    assert all(await asyncio.gather(*(save_and_look(state) for state in states)))


async def test_loads_that_wait_are_answered_while_saves_go_on(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    done: list[int] = []

    async def save_on() -> None:
        current = state
        for _ in range(20):
            current = await storage.workers.save(current)
            done.append(current.version)

    saving = asyncio.ensure_future(save_on())
    await until(lambda: done)
    while not saving.done():
        found = await storage.workers.load(state.id)
        assert found is not None
        assert found.version >= 1
    await saving
    assert done == list(range(2, 22))


def _with_an_unstorable_event(state: CMLWorkerState) -> tuple[CMLWorkerState, EventId]:
    return state, TAKEN


def _with_a_naive_time(state: CMLWorkerState) -> tuple[CMLWorkerState, EventId]:
    return replace(state, launched_at=datetime(2026, 1, 1)), EventId("bad")  # noqa: DTZ001


def _with_half_a_character(state: CMLWorkerState) -> tuple[CMLWorkerState, EventId]:
    return replace(state, note="\ud83d"), EventId("bad")


@pytest.mark.parametrize(
    "spoil",
    [_with_an_unstorable_event, _with_a_naive_time, _with_half_a_character],
    ids=["event", "time", "character"],
)
async def test_a_bad_row_takes_no_other_with_it(storage: Storage, spoil: Spoil) -> None:
    await storage.workers.add(numbered(0), events=[status_changed("w-000", event_id=TAKEN)])
    good, bad, fine = await add_all(storage, *(numbered(number) for number in (1, 2, 3)))
    spoiled, event_id = spoil(bad)
    answers = await asyncio.gather(
        storage.workers.save(good, events=[status_changed("w-001", event_id=EventId("good"))]),
        storage.workers.save(spoiled, events=[status_changed("w-002", event_id=event_id)]),
        storage.workers.save(fine, events=[status_changed("w-003", event_id=EventId("fine"))]),
        return_exceptions=True,
    )
    assert [isinstance(answer, Exception) for answer in answers] == [False, True, False]
    assert await storage.workers.load(bad.id) == bad
    assert await _events(storage) == [TAKEN, "good", "fine"]


async def test_figures_beyond_any_column_are_no_reason_to_lose_a_reading(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    saved = await storage.workers.save(replace(state, nodes_running=2**40, labs_count=2**62))
    assert await storage.workers.load(state.id) == saved


async def test_thousands_of_events_go_into_one_transaction(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    await storage.workers.save(
        state, events=[status_changed("w-001", after=str(number)) for number in range(LABS_OF_A_BIG_CLASS)]
    )
    assert await _owed(storage) == LABS_OF_A_BIG_CLASS
    pending = await storage.outbox.pending(limit=3)
    assert [entry.data["after"] for entry in pending] == ["0", "1", "2"]


async def test_text_that_a_database_cannot_hold_is_no_reason_to_lose_a_reading(storage: Storage) -> None:
    """PostgreSQL has no NUL in text; a controller can put one into any JSON."""
    state = await storage.workers.add(replace(numbered(1), name="a\0b", labels={"a\0": "b\0"}), events=())
    saved = await storage.workers.save(replace(state, cml_version="2.9\0", note="\0"))
    assert await storage.workers.load(state.id) == saved
