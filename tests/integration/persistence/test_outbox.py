"""What was committed is delivered at least once, in order per worker, also by the next process."""

import asyncio
from typing import Any

import pytest
from tests.integration.persistence.records import add_all, numbered, status_changed
from tests.support.waiting import until
from tests.support.workers import NOW

from cmlfleet.application.ports.storage import StorageUnavailable, StoredEvent
from cmlfleet.application.services import outbox_delivery
from cmlfleet.application.services.outbox_delivery import IN_ONE_GO, OutboxDelivery
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.events.cml_worker import CMLWorkerImportedDomainEvent
from cmlfleet.persistence import workers as worker_store
from cmlfleet.persistence.storage import Storage


class Received:
    """A handler that remembers, and fails on the events of the workers in `refuses`."""

    def __init__(self) -> None:
        self.events: list[StoredEvent] = []
        self.refuses: set[str] = set()

    async def __call__(self, event: StoredEvent) -> None:
        if event.worker_id in self.refuses:
            raise RuntimeError("not today")
        self.events.append(event)

    @property
    def words(self) -> list[Any]:
        return [event.data["after"] for event in self.events]


async def _raise_events(storage: Storage, *words: str, worker: int = 1) -> None:
    (state,) = await add_all(storage, numbered(worker))
    for word in words:
        state = await storage.workers.save(state, events=[status_changed(state.id, word)])


async def test_an_event_is_stored_with_everything_it_says(storage: Storage) -> None:
    state = numbered(1)
    event = CMLWorkerImportedDomainEvent(
        worker_id=state.id,
        occurred_at=NOW,
        cause=Cause(actor="ünï", command="ImportWorkersCommand"),
        instance=state.instance,
        name="Kurs \0 🚦",
    )
    await storage.workers.add(state, events=[event])
    (stored,) = await storage.outbox.pending(limit=9)
    assert stored == StoredEvent(
        sequence=stored.sequence,
        event_id=event.event_id,
        type="CMLWorkerImportedDomainEvent",
        worker_id=state.id,
        occurred_at=NOW,
        actor="ünï",
        cause="ImportWorkersCommand",
        data={
            "instance": {
                "account_id": state.account_id,
                "region": state.region,
                "instance_id": state.instance_id,
            },
            "name": "Kurs \0 🚦",
        },
    )


async def test_events_wait_in_the_order_of_their_commits(storage: Storage) -> None:
    first, second = await add_all(storage, numbered(1), numbered(2))
    await storage.workers.save(first, events=[status_changed("w-001", "a"), status_changed("w-001", "b")])
    second = await storage.workers.save(second, events=[status_changed("w-002", "c")])
    await storage.workers.save(second, events=[status_changed("w-002", "d"), status_changed("w-002", "e")])
    pending = await storage.outbox.pending(limit=9)
    assert [event.data["after"] for event in pending] == ["a", "b", "c", "d", "e"]
    assert [event.data["after"] for event in await storage.outbox.pending(limit=2)] == ["a", "b"]
    sequences = [event.sequence for event in pending]
    assert sequences == sorted(set(sequences))


async def test_what_is_delivered_is_no_longer_owed_and_stays_in_the_history(storage: Storage, other: Storage) -> None:
    await _raise_events(storage, "a", "b", "c")
    a, b, c = await storage.outbox.pending(limit=9)
    await storage.outbox.delivered([a.sequence, c.sequence])
    await storage.outbox.delivered([a.sequence])  # a second time does no harm
    assert await other.outbox.pending(limit=9) == [b]
    assert await other.reader.events_after(0, limit=9) == [a, b, c]


async def test_delivering_none_is_nothing(storage: Storage) -> None:
    await _raise_events(storage, "a")
    await storage.outbox.delivered([])
    assert len(await storage.outbox.pending(limit=9)) == 1


async def test_delivery_hands_over_in_order_and_then_owes_nothing(storage: Storage) -> None:
    await _raise_events(storage, "a", "b", "c")
    received = Received()
    delivery = OutboxDelivery(outbox=storage.outbox, handlers={"received": received})
    assert await delivery.drain_once() is False
    assert received.words == ["a", "b", "c"]
    assert await storage.outbox.pending(limit=9) == []
    assert await delivery.drain_once() is False
    assert received.words == ["a", "b", "c"]


async def test_an_event_nobody_could_take_holds_up_only_its_own_worker(storage: Storage) -> None:
    await _raise_events(storage, "1a", "1b", worker=1)
    await _raise_events(storage, "2a", "2b", worker=2)
    received = Received()
    received.refuses = {"w-001"}
    delivery = OutboxDelivery(outbox=storage.outbox, handlers={"received": received})
    assert await delivery.drain_once() is True
    assert received.words == ["2a", "2b"]
    received.refuses = set()
    assert await delivery.drain_once() is False
    assert received.words == ["2a", "2b", "1a", "1b"]


async def test_a_backlog_behind_a_stuck_worker_is_delivered_all_the_same(storage: Storage) -> None:
    (stuck,) = await add_all(storage, numbered(1))
    await storage.workers.save(
        stuck, events=[status_changed("w-001", str(number)) for number in range(IN_ONE_GO + 5)]
    )
    await _raise_events(storage, "after the backlog", worker=2)
    received = Received()
    received.refuses = {"w-001"}
    delivery = OutboxDelivery(outbox=storage.outbox, handlers={"received": received})
    delivery.start()
    try:
        await until(lambda: received.words == ["after the backlog"], timeout_seconds=5)
    finally:
        await delivery.close()


async def test_a_long_backlog_is_drained_without_pauses(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_delivery, "FIRST_PAUSE_SECONDS", 3600.0)
    (state,) = await add_all(storage, numbered(1))
    words = [str(number) for number in range(2 * IN_ONE_GO + 1)]
    await storage.workers.save(state, events=[status_changed("w-001", word) for word in words])
    received = Received()
    delivery = OutboxDelivery(outbox=storage.outbox, handlers={"received": received})
    delivery.start()
    try:
        await until(lambda: len(received.events) == len(words), timeout_seconds=10)
    finally:
        await delivery.close()
    assert received.words == words


async def test_the_next_process_delivers_what_the_last_one_owed(storage: Storage, other: Storage) -> None:
    await _raise_events(storage, "a", "b")
    received = Received()
    await storage.close()  # a crash between the commit and the delivery
    delivery = OutboxDelivery(outbox=other.outbox, handlers={"received": received})
    delivery.start()
    try:
        await until(lambda: received.words == ["a", "b"])
        await until(lambda: _nothing_owed(other))
    finally:
        await delivery.close()


async def test_a_crash_between_handing_over_and_marking_delivers_again(storage: Storage, other: Storage) -> None:
    await _raise_events(storage, "a", "b")
    first, second = Received(), Received()
    delivery = OutboxDelivery(outbox=_Crashing(storage), handlers={"received": first})
    with pytest.raises(StorageUnavailable):
        await delivery.drain_once()
    await OutboxDelivery(outbox=other.outbox, handlers={"received": second}).drain_once()
    assert first.words == second.words == ["a", "b"]
    assert [event.event_id for event in first.events] == [event.event_id for event in second.events]


async def test_delivery_is_woken_by_a_commit(storage: Storage) -> None:
    received = Received()
    delivery = OutboxDelivery(outbox=storage.outbox, handlers={"received": received})
    delivery.start()
    try:
        for word in ("a", "b", "c"):
            await _raise_events(storage, word, worker=ord(word))
            delivery.wake()
            await until(lambda word=word: received.words[-1:] == [word])
    finally:
        await delivery.close()


async def test_a_reader_that_follows_sequences_misses_no_event_of_a_slower_commit(
    storage: Storage, other: Storage
) -> None:
    """A sequence is drawn before the commit, so a later one must not be seen while an earlier one may still come."""
    slow, quick = await add_all(storage, numbered(1), numbered(2))
    async with storage.database.writing() as connection:
        await worker_store._write_events(connection, [status_changed(slow.id, "slow")])
        saving = asyncio.ensure_future(other.workers.save(quick, events=[status_changed(quick.id, "quick")]))
        for _ in range(20):
            await asyncio.sleep(0.01)
            seen = [event.data["after"] for event in await storage.reader.events_after(0, limit=9)]
            assert seen == []
    await saving
    seen = [event.data["after"] for event in await storage.reader.events_after(0, limit=9)]
    assert seen == ["slow", "quick"]


async def _nothing_owed(storage: Storage) -> bool:
    return not await storage.outbox.pending(limit=9)


class _Crashing:
    """An outbox whose process dies before it can mark a delivery."""

    def __init__(self, storage: Storage) -> None:
        self.pending = storage.outbox.pending

    async def delivered(self, sequences: object) -> None:
        raise StorageUnavailable("gone")
