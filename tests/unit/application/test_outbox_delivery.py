"""Events are delivered at least once and in each worker's order; one that cannot be holds up no other worker's."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs
from tests.support.fake_storage import FakeWorkerStore
from tests.support.waiting import until
from tests.support.workers import CAUSE, NOW, new_state

from cmlfleet.application.ports.storage import StorageUnavailable, StoredEvent
from cmlfleet.application.services import outbox_delivery
from cmlfleet.application.services.outbox_delivery import EventHandler, OutboxDelivery
from cmlfleet.domain.events.cml_worker import CMLWorkerHealthChangedDomainEvent
from cmlfleet.domain.identifiers import WorkerId


class Receiver:
    """A handler that remembers, and fails on what it is told to fail on."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str]] = []
        self.fails_on: set[str] = set()

    async def __call__(self, event: StoredEvent) -> None:
        word = str(event.data["after"])
        if word in self.fails_on:
            raise RuntimeError("the handler broke")
        self.received.append((event.worker_id, word))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_delivery, "FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture
async def store() -> FakeWorkerStore:
    store = FakeWorkerStore()
    for number in (1, 2):
        await store.add(new_state(f"w-{number}", f"i-{number:017x}"), events=())
    return store


async def _commit(store: FakeWorkerStore, number: int, *words: str) -> None:
    state = await store.load(WorkerId(f"w-{number}"))
    assert state is not None
    events = [
        CMLWorkerHealthChangedDomainEvent(
            worker_id=state.id, occurred_at=NOW, cause=CAUSE, before="ready", after=word, reason=None
        )
        for word in words
    ]
    await store.save(state, events=events)


@asynccontextmanager
async def _delivering(store: FakeWorkerStore, **handlers: EventHandler) -> AsyncGenerator[OutboxDelivery]:
    delivery = OutboxDelivery(outbox=store, handlers=handlers)
    delivery.start()
    try:
        yield delivery
    finally:
        await delivery.close()


async def test_what_an_earlier_process_owed_is_delivered_at_the_start(store: FakeWorkerStore) -> None:
    await _commit(store, 1, "degraded", "ready")
    receiver = Receiver()
    async with _delivering(store, receiver=receiver):
        await until(lambda: len(receiver.received) == 2, what="what was owed")
    assert [word for _, word in receiver.received] == ["degraded", "ready"]
    assert await store.pending(limit=10) == []


async def test_after_a_commit_it_is_woken(store: FakeWorkerStore) -> None:
    receiver = Receiver()
    async with _delivering(store, receiver=receiver) as delivery:
        await _commit(store, 1, "degraded")
        delivery.wake()
        await until(lambda: receiver.received, what="the event")
        await _commit(store, 2, "off")
        delivery.wake()
        await until(lambda: len(receiver.received) == 2, what="the next")
    assert receiver.received == [("w-1", "degraded"), ("w-2", "off")]


async def test_every_handler_gets_every_event(store: FakeWorkerStore) -> None:
    one, other = Receiver(), Receiver()
    await _commit(store, 1, "degraded")
    async with _delivering(store, one=one, other=other):
        await until(lambda: one.received and other.received, what="both")
    assert one.received == other.received


async def test_an_undeliverable_event_holds_up_its_own_worker_alone(store: FakeWorkerStore) -> None:
    receiver = Receiver()
    receiver.fails_on = {"bad"}
    await _commit(store, 1, "bad", "later")
    await _commit(store, 2, "off", "ready")
    async with _delivering(store, receiver=receiver) as delivery:
        await until(lambda: len(receiver.received) == 2, what="the other worker's")
        assert receiver.received == [("w-2", "off"), ("w-2", "ready")]
        assert [event.data["after"] for event in await store.pending(limit=10)] == ["bad", "later"]
        receiver.fails_on = set()
        delivery.wake()
        await until(lambda: len(receiver.received) == 4, what="what was held up")
    assert receiver.received[2:] == [("w-1", "bad"), ("w-1", "later")]


async def test_more_than_one_page_behind_a_stuck_worker(
    store: FakeWorkerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_delivery, "IN_ONE_GO", 2)
    receiver = Receiver()
    receiver.fails_on = {"bad"}
    await _commit(store, 1, "bad", *(f"later-{number}" for number in range(5)))
    await _commit(store, 2, "off", "ready", "degraded")
    delivery = OutboxDelivery(outbox=store, handlers={"receiver": receiver})
    assert await delivery.drain_once()
    assert [word for _, word in receiver.received] == ["off", "ready", "degraded"]
    receiver.fails_on = set()
    assert not await delivery.drain_once()
    assert len(receiver.received) == 9


async def test_a_database_that_was_away_loses_nothing(store: FakeWorkerStore) -> None:
    """It says once that it cannot be reached, and once that it can again."""
    receiver = Receiver()
    await _commit(store, 1, "degraded")
    store.is_down = True
    with capture_logs() as logged:
        async with _delivering(store, receiver=receiver):
            tries = store.refused
            await until(lambda: store.refused >= tries + 3, what="three attempts")
            store.is_down = False
            await until(lambda: receiver.received, what="the event")
    assert receiver.received == [("w-1", "degraded")]
    assert [line["event"] for line in logged] == ["outbox_unreachable", "outbox_reachable_again"]


async def test_what_the_database_could_not_be_told_is_not_handed_over_twice_by_one_process(
    store: FakeWorkerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, mark, refusals = Receiver(), store.delivered, list[int]()

    async def refuse_twice(sequences: Sequence[int]) -> None:
        if len(refusals) < 2:
            refusals.extend(sequences)
            raise StorageUnavailable("the disk is full")
        await mark(sequences)

    monkeypatch.setattr(store, "delivered", refuse_twice)
    await _commit(store, 1, "degraded")
    async with _delivering(store, receiver=receiver):
        await until(lambda: len(refusals) == 2, what="two refusals")
        await _commit(store, 1, "ready")
        await until(lambda: len(receiver.received) == 2, what="the next event")
    assert receiver.received == [("w-1", "degraded"), ("w-1", "ready")]


async def test_one_that_was_received_but_not_marked_comes_again(store: FakeWorkerStore) -> None:
    """At least once: the process may die between the two."""
    receiver = Receiver()
    await _commit(store, 1, "degraded")

    async def receive_and_lose_the_database(event: StoredEvent) -> None:
        await receiver(event)
        store.is_down = len(receiver.received) == 1

    async with _delivering(store, receiver=receive_and_lose_the_database):
        await until(lambda: store.is_down, what="the first delivery")
    store.is_down = False
    async with _delivering(store, receiver=receiver):
        await until(lambda: len(receiver.received) == 2, what="the second")
    assert receiver.received == [("w-1", "degraded")] * 2
