"""What handlers rely on, of the database and of the fake that stands for it in their unit tests."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.persistence.records import forgotten, status_changed
from tests.support.fake_storage import FakeWorkerStore
from tests.support.workers import NOW, new_state

from cmlfleet.application.ports.storage import Outbox, VersionConflict, WorkerAlreadyKnown, WorkerStore
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, WorkerStatus
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.persistence.storage import Storage

STATE = new_state()
PLACE = (STATE.account_id, STATE.region)


@pytest.fixture(params=["fake", "sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[WorkerStore, Outbox]:
    """The records and their outbox."""
    if request.param == "fake":
        fake = FakeWorkerStore()
        return fake, fake
    path = tmp_path / "cmlfleet.db"
    shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
    storage: Storage = request.getfixturevalue("open_storage")(f"sqlite+aiosqlite:///{path}")
    return storage.workers, storage.outbox


@pytest.fixture
def workers(stores: tuple[WorkerStore, Outbox]) -> WorkerStore:
    return stores[0]


@pytest.fixture
def outbox(stores: tuple[WorkerStore, Outbox]) -> Outbox:
    return stores[1]


async def test_added_loaded_and_saved_again(workers: WorkerStore) -> None:
    added = await workers.add(STATE, events=())
    assert added == replace(STATE, version=1)
    assert await workers.load(STATE.id) == added
    saved = await workers.save(replace(added, name="renamed"))
    assert (saved.version, saved.name) == (2, "renamed")
    assert await workers.load(STATE.id) == saved
    assert await workers.load(WorkerId("w-none")) is None


async def test_versions_tell_what_changed(workers: WorkerStore) -> None:
    assert await workers.versions() == {}
    await workers.save(await workers.add(STATE, events=()))
    assert await workers.versions() == {STATE.id: 2}


async def test_what_is_changed_after_a_save_or_a_load_is_not_stored(workers: WorkerStore) -> None:
    saved = await workers.add(STATE, events=())
    saved.labels = {"team": "a"}
    found = await workers.load(STATE.id)
    assert found is not None
    assert found.labels == {}


async def test_a_save_over_another_version_or_nothing_is_a_conflict(workers: WorkerStore) -> None:
    added = await workers.add(STATE, events=())
    await workers.save(added)
    with pytest.raises(VersionConflict):
        await workers.save(added)
    with pytest.raises(VersionConflict):
        await workers.save(new_state("w-2", "i-00000000000000002"))


async def test_an_instance_is_one_worker(workers: WorkerStore) -> None:
    await workers.add(STATE, events=())
    with pytest.raises(WorkerAlreadyKnown) as refused:
        await workers.add(replace(STATE, id=WorkerId("w-2")), events=())
    assert refused.value.worker_id == STATE.id
    assert await workers.worker_id_of(STATE.instance) == STATE.id


async def test_who_is_known_and_who_is_monitored(workers: WorkerStore) -> None:
    await workers.add(replace(STATE, monitoring_active=True), events=())
    other = replace(
        new_state("w-2", "i-00000000000000002"), account_id=AccountId("999999999999"), monitoring_active=False
    )
    await workers.add(other, events=())
    assert {known.worker_id for known in await workers.known_instances()} == {STATE.id, other.id}
    assert [known.worker_id for known in await workers.known_instances(*PLACE)] == [STATE.id]
    assert await workers.known_instances(STATE.account_id, Region("eu-west-1")) == []
    assert [known.worker_id for known in await workers.monitored()] == [STATE.id]


async def test_who_shares_a_certificate_with_how_many_is_told_until_the_record_says_so(workers: WorkerStore) -> None:
    await _certificates_are_compared(workers)


async def test_certificates_are_compared_by_both_databases(storage: Storage) -> None:
    await _certificates_are_compared(storage.workers)


async def _certificates_are_compared(workers: WorkerStore) -> None:
    def one(number: int, **changes: object) -> CMLWorkerState:
        state = new_state(f"w-{number}", f"i-{number:017}")
        return replace(state, **changes)  # pyright: ignore[reportArgumentType]

    clone = "ab" * 32
    for number in (1, 2):
        await workers.add(one(number, certificate_pinned=clone), events=())
    third = await workers.add(one(3, certificate_pinned=clone, certificate_shared_with=2), events=())
    await workers.add(one(4, certificate_pinned="cd" * 32), events=())
    await workers.add(one(5), events=())
    left = await workers.add(one(6, certificate_shared_with=1), events=())
    await workers.add(one(7, certificate_pinned=clone, status=WorkerStatus.TERMINATED, gone_at=NOW), events=())

    assert await workers.certificate_sharing_to_note() == {"w-1": 2, "w-2": 2, "w-6": 0}

    await workers.save(replace(left, certificate_shared_with=0))
    await workers.save(replace(third, certificate_pinned="ef" * 32))
    assert await workers.certificate_sharing_to_note() == {"w-1": 1, "w-2": 1, "w-3": 0}


async def test_a_removed_record_is_remembered_until_it_is_added_again(workers: WorkerStore) -> None:
    added = await workers.add(STATE, events=())
    assert await workers.remove(STATE.id, event=forgotten(added)) == added
    assert await workers.remove(STATE.id, event=forgotten(added)) is None
    assert await workers.load(STATE.id) is None
    assert await workers.forgotten_instances(*PLACE) == {STATE.instance_id}
    await workers.add(replace(STATE, id=WorkerId("w-2")), events=())
    assert await workers.forgotten_instances(*PLACE) == frozenset()


async def test_events_are_owed_in_order_until_they_are_delivered(workers: WorkerStore, outbox: Outbox) -> None:
    added: CMLWorkerState = await workers.add(STATE, events=[status_changed(STATE.id, after="pending")])
    await workers.save(added, events=[status_changed(STATE.id, after=word) for word in ("running", "stopping")])
    with pytest.raises(VersionConflict):
        await workers.save(added, events=[status_changed(STATE.id, after="never")])
    owed = await outbox.pending(limit=10)
    assert [event.data["after"] for event in owed] == ["pending", "running", "stopping"]
    assert [event.sequence for event in await outbox.pending(limit=1, after=owed[0].sequence)] == [owed[1].sequence]
    await outbox.delivered([owed[0].sequence, owed[2].sequence])
    assert [event.data["after"] for event in await outbox.pending(limit=10)] == ["running"]
