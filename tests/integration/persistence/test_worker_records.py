"""A worker's record comes back as it was saved, and never over a newer one."""

import asyncio
from dataclasses import MISSING, fields, replace

import pytest
from tests.integration.persistence.records import add_all, forgotten, full_state, numbered, status_changed

from cmlfleet.application.ports.storage import VersionConflict, WorkerAlreadyKnown
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, WorkerStatus
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.persistence.storage import Storage


def test_the_full_record_leaves_no_field_at_its_default() -> None:
    state = full_state()
    for field in fields(CMLWorkerState):
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        assert getattr(state, field.name) != default, field.name


async def test_every_field_comes_back_as_it_was_added(storage: Storage, other: Storage) -> None:
    state = full_state()
    assert await storage.workers.add(state, events=()) == state
    assert await storage.workers.load(state.id) == state
    assert await other.workers.load(state.id) == state
    assert await other.reader.get_state(state.id) == state


async def test_every_field_comes_back_as_it_was_saved_over_an_empty_record(storage: Storage, other: Storage) -> None:
    state = full_state()
    bare = CMLWorkerState(
        id=state.id,
        account_id=state.account_id,
        region=state.region,
        instance_id=state.instance_id,
        name="bare",
        created_at=state.created_at,
    )
    added = await storage.workers.add(bare, events=())
    saved = await storage.workers.save(replace(state, version=added.version))
    assert saved == replace(state, version=2)
    assert await other.workers.load(state.id) == saved


async def test_a_save_names_the_version_it_is_over_and_answers_the_next(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    assert state.version == 1
    assert (await storage.workers.save(state)).version == 2
    found = await storage.workers.load(state.id)
    assert found is not None
    assert found.version == 2


async def test_a_late_save_is_refused_and_changes_nothing(storage: Storage, other: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    newer = await storage.workers.save(replace(state, name="newer"), events=[status_changed(state.id)])
    with pytest.raises(VersionConflict):
        await other.workers.save(replace(state, name="late"), events=[status_changed(state.id, after="late")])
    assert await other.workers.load(state.id) == newer
    assert [event.data["after"] for event in await other.outbox.pending(limit=9)] == ["running"]


async def test_a_save_of_nothing_known_is_refused(storage: Storage) -> None:
    with pytest.raises(VersionConflict):
        await storage.workers.save(numbered(1, version=1), events=[status_changed("w-001")])
    assert await storage.workers.load(WorkerId("w-001")) is None
    assert await storage.outbox.pending(limit=9) == []


async def test_of_two_saves_over_one_version_at_one_moment_one_wins(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    answers = await asyncio.gather(
        *(storage.workers.save(replace(state, name=name)) for name in ("one", "two")), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [CMLWorkerState, VersionConflict]
    found = await storage.workers.load(state.id)
    assert found is not None
    assert (found.name, found.version) == ("one", 2)


async def test_callers_of_one_moment_get_records_of_their_own(storage: Storage) -> None:
    await add_all(storage, numbered(1), numbered(2))
    one, same, two, none = await asyncio.gather(
        *(storage.workers.load(WorkerId(worker_id)) for worker_id in ("w-001", "w-001", "w-002", "w-404"))
    )
    assert none is None
    assert one == same
    assert one is not same
    assert two is not None
    assert two.id == "w-002"


async def test_an_instance_is_a_worker_only_once(storage: Storage, other: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    with pytest.raises(WorkerAlreadyKnown) as caught:
        await other.workers.add(replace(state, id=WorkerId("w-again")), events=[status_changed("w-again")])
    assert caught.value.worker_id == state.id
    assert await other.workers.load(WorkerId("w-again")) is None
    assert await other.outbox.pending(limit=9) == []


async def test_the_same_instance_id_in_another_region_or_account_is_another_worker(storage: Storage) -> None:
    state = numbered(1)
    elsewhere = replace(state, id=WorkerId("w-eu"), region=Region("eu-west-1"))
    foreign = replace(state, id=WorkerId("w-foreign"), account_id=AccountId("999900001111"))
    await add_all(storage, state, elsewhere, foreign)
    assert await storage.workers.worker_id_of(state.instance) == "w-001"
    assert await storage.workers.worker_id_of(elsewhere.instance) == "w-eu"
    assert await storage.workers.worker_id_of(foreign.instance) == "w-foreign"
    assert await storage.workers.worker_id_of(numbered(2).instance) is None


async def test_a_forgotten_worker_leaves_its_history_and_a_tombstone(storage: Storage) -> None:
    state = await storage.workers.add(numbered(1), events=[status_changed("w-001")])
    assert await storage.workers.remove(state.id, event=forgotten(state)) == state
    assert await storage.workers.load(state.id) is None
    assert await storage.workers.forgotten_instances(state.account_id, state.region) == {state.instance_id}
    assert await storage.workers.forgotten_instances(state.account_id, Region("eu-west-1")) == frozenset()
    assert [event.type for event in await storage.outbox.pending(limit=9)] == [
        "CMLWorkerStatusChangedDomainEvent",
        "CMLWorkerForgottenDomainEvent",
    ]


async def test_forgetting_twice_is_nothing_the_second_time(storage: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    await storage.workers.remove(state.id, event=forgotten(state))
    assert await storage.workers.remove(state.id, event=forgotten(state)) is None
    assert len(await storage.outbox.pending(limit=9)) == 1


async def test_a_worker_can_be_imported_and_forgotten_again_and_again(storage: Storage) -> None:
    for round_number in range(3):
        state = await storage.workers.add(
            replace(numbered(1), id=WorkerId(f"w-round-{round_number}")), events=[status_changed("w-001")]
        )
        assert await storage.workers.forgotten_instances(state.account_id, state.region) == frozenset()
        await storage.workers.remove(state.id, event=forgotten(state))
        assert await storage.workers.forgotten_instances(state.account_id, state.region) == {state.instance_id}


async def test_a_save_over_a_forgotten_worker_does_not_bring_it_back(storage: Storage, other: Storage) -> None:
    (state,) = await add_all(storage, numbered(1))
    await other.workers.remove(state.id, event=forgotten(state))
    with pytest.raises(VersionConflict):
        await storage.workers.save(replace(state, name="late"))
    assert await storage.workers.load(state.id) is None


async def test_the_sweep_sees_the_workers_of_its_account_and_region(storage: Storage) -> None:
    here = numbered(1, status=WorkerStatus.RUNNING)
    await add_all(
        storage, here, numbered(2, region=Region("eu-west-1")), numbered(3, account_id=AccountId("999900001111"))
    )
    (found,) = await storage.workers.known_instances(here.account_id, here.region)
    assert (found.worker_id, found.instance, found.status) == ("w-001", here.instance, WorkerStatus.RUNNING)
    assert len(await storage.workers.known_instances(here.account_id)) == 2
    assert len(await storage.workers.known_instances(region=here.region)) == 2
    assert len(await storage.workers.known_instances()) == 3


async def test_the_database_says_who_is_monitored(storage: Storage, other: Storage) -> None:
    on, off = await add_all(storage, numbered(1), numbered(2, monitoring_active=False))
    assert [entry.worker_id for entry in await other.workers.monitored()] == [on.id]
    await storage.workers.save(replace(on, monitoring_active=False))
    await storage.workers.save(replace(off, monitoring_active=True))
    assert [entry.worker_id for entry in await other.workers.monitored()] == [off.id]


async def test_all_records_are_read_at_start_gone_ones_too(storage: Storage) -> None:
    added = await add_all(storage, numbered(1), full_state(), numbered(2, status=WorkerStatus.TERMINATED))
    found = await storage.workers.all_states()
    assert sorted(found, key=lambda state: state.id) == sorted(added, key=lambda state: state.id)
