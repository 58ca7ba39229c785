"""Two writers at once lose nothing of each other's."""

import asyncio
import sys
from dataclasses import replace

import pytest
from tests.integration.persistence.records import add_all, forgotten, numbered, status_changed
from tests.support.processes_environment import python_environment

from cmlfleet.application.ports.storage import VersionConflict, WorkerAlreadyKnown
from cmlfleet.application.queries.criteria import EventCriteria
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.persistence.storage import Storage

TIMES = 40  # enough for two processes to meet often, and still a second's work


async def test_two_processes_that_count_up_one_record_miss_no_count(url: str, storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.writing_process",
            url,
            state.id,
            str(TIMES),
            env=python_environment(),
        )
        for _ in range(2)
    ]
    assert [await process.wait() for process in processes] == [0, 0]
    found = await storage.workers.load(state.id)
    assert found is not None
    assert (found.note, found.version) == (str(2 * TIMES), 2 * TIMES + 1)
    events = (await storage.reader.find_events(EventCriteria(limit=1000))).items
    assert [event.data["after"] for event in reversed(events)] == [str(count) for count in range(1, 2 * TIMES + 1)]


async def test_of_two_savers_of_one_version_exactly_one_wins(storage: Storage, other: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    for _ in range(20):
        answers = await asyncio.gather(
            storage.workers.save(state, events=[status_changed("w-001", "one")]),
            other.workers.save(state, events=[status_changed("w-001", "other")]),
            return_exceptions=True,
        )
        (state,) = [answer for answer in answers if isinstance(answer, CMLWorkerState)]
        assert sum(isinstance(answer, VersionConflict) for answer in answers) == 1
    assert state.version == 21
    assert len(await storage.outbox.pending(limit=99)) == 20


async def test_groups_that_overlap_crosswise_do_not_block_each_other(storage: Storage, other: Storage) -> None:
    states = await add_all(storage, *(numbered(number) for number in range(40)))
    answers = await asyncio.gather(
        *(storage.workers.save(state, events=[status_changed(state.id)]) for state in states),
        *(other.workers.save(state, events=[status_changed(state.id)]) for state in reversed(states)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, CMLWorkerState) for answer in answers) == 40
    assert sum(isinstance(answer, VersionConflict) for answer in answers) == 40
    assert {state.version for state in await storage.workers.all_states()} == {2}
    assert len(await storage.outbox.pending(limit=99)) == 40


async def test_an_instance_that_two_adopt_at_once_becomes_one_worker(storage: Storage, other: Storage) -> None:
    for number in range(10):
        state = numbered(number)
        again = replace(state, id=WorkerId(f"again-{number}"))
        answers = await asyncio.gather(
            storage.workers.add(state, events=[status_changed(state.id)]),
            other.workers.add(again, events=[status_changed(again.id)]),
            return_exceptions=True,
        )
        (added,) = [answer for answer in answers if isinstance(answer, CMLWorkerState)]
        (refused,) = [answer for answer in answers if isinstance(answer, WorkerAlreadyKnown)]
        assert refused.worker_id == added.id
    assert len(await storage.workers.all_states()) == 10
    assert len(await storage.outbox.pending(limit=99)) == 10


async def test_a_worker_that_two_forget_at_once_is_forgotten_once(storage: Storage, other: Storage) -> None:
    for number in range(10):
        (state,) = await add_all(storage, numbered(number))
        answers = await asyncio.gather(
            storage.workers.remove(state.id, event=forgotten(state)),
            other.workers.remove(state.id, event=forgotten(state)),
        )
        assert [answer for answer in answers if answer is not None] == [state]
    assert len(await storage.outbox.pending(limit=99)) == 10


async def test_a_save_and_a_removal_at_once_end_in_a_removal_of_what_was_saved_last(
    storage: Storage, other: Storage
) -> None:
    for number in range(10):
        (state,) = await add_all(storage, numbered(number))
        saved, removed = await asyncio.gather(
            storage.workers.save(state),
            other.workers.remove(state.id, event=forgotten(state)),
            return_exceptions=True,
        )
        assert removed == (state if isinstance(saved, VersionConflict) else saved)
        assert await storage.workers.load(state.id) is None


async def test_readers_do_not_wait_for_a_writer_and_see_only_what_is_committed(
    storage: Storage, other: Storage
) -> None:
    (state,) = await add_all(storage, numbered(1))
    async with storage.database.writing() as connection:
        await connection.exec_driver_sql("UPDATE workers SET version = 99")
        async with asyncio.timeout(5):
            assert await other.workers.load(state.id) == state
            assert len(await storage.workers.known_instances()) == 1


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_second_process_waits_for_the_first_one_s_transaction(storage: Storage, other: Storage) -> None:
    one, two = await add_all(storage, numbered(1), numbered(2))
    async with storage.database.writing() as connection:
        await connection.exec_driver_sql("UPDATE workers SET version = 2 WHERE id = 'w-001'")
        waiting = asyncio.ensure_future(other.workers.save(two))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
    assert (await waiting).version == 2
    with pytest.raises(VersionConflict):
        await other.workers.save(one)
