"""kill -9 at any moment loses no saved record and no event, and the next start delivers what was owed."""

import random
import signal
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from tests.integration.persistence.conftest import OpenStorage
from tests.integration.persistence.records import add_all, numbered
from tests.support.postgres import PostgresServer
from tests.support.processes_environment import python_environment
from tests.support.waiting import until, wait_until

from cmlfleet.application.ports.storage import StoredEvent
from cmlfleet.application.queries.criteria import EventCriteria
from cmlfleet.application.services.outbox_delivery import OutboxDelivery
from cmlfleet.persistence.storage import Storage

WORKERS = 5
KILLS = 3
REPORTS_BEFORE_A_KILL = (1, 400)


@dataclass
class Reports:
    """What processes said before they were killed."""

    versions: dict[str, int] = field(default_factory=dict[str, int])
    saved_events: set[str] = field(default_factory=set[str])
    delivered: set[str] = field(default_factory=set[str])

    def add(self, line: str) -> None:
        """A line of `saving_until_killed`."""
        what, *words = line.split()
        if what == "delivered":
            self.delivered.update(words)
        else:
            worker_id, version, *events = words
            self.versions[worker_id] = int(version)
            self.saved_events.update(events)


def _killed_after(count: int, url: str, reports: Reports) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.saving_until_killed", url],
        stdout=subprocess.PIPE,
        text=True,
        env=python_environment(),
    ) as process:
        assert process.stdout is not None
        try:
            for _ in range(count):
                reports.add(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGKILL)
        for line in process.stdout:  # what it said between our look and its end holds just as well
            reports.add(line)
    assert process.returncode == -signal.SIGKILL


def _wait_until_its_sessions_are_gone(url: str, request: pytest.FixtureRequest) -> None:
    if url.startswith("sqlite"):
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    mine = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{url.rpartition('/')[2]}'"
    wait_until(lambda: server.sql(mine) == "0", what="the end of the killed process's sessions")


async def _whole_history(storage: Storage) -> list[StoredEvent]:
    page = await storage.reader.find_events(EventCriteria(limit=1_000_000))
    return list(reversed(page.items))


async def _check_records(storage: Storage, reports: Reports) -> None:
    if storage.database.is_sqlite:
        async with storage.database.reading() as connection:
            assert (await connection.execute(text("PRAGMA integrity_check"))).scalar_one() == "ok"
    history = await _whole_history(storage)
    assert reports.saved_events <= {event.event_id for event in history}
    words: defaultdict[str, list[str]] = defaultdict(list)
    for event in history:
        words[event.worker_id].append(event.data["after"])
    for state in await storage.workers.all_states():
        assert state.version >= reports.versions.get(state.id, 1)
        assert state.note == (f"note {state.version}" if state.version > 1 else None)
        # A row's version and its events came in one transaction: neither is ahead of the other.
        assert words[state.id] == [f"{version}{half}" for version in range(2, state.version + 1) for half in "ab"]


async def test_kill_minus_nine_loses_nothing_that_was_saved(
    url: str, open_storage: OpenStorage, request: pytest.FixtureRequest
) -> None:
    first = open_storage(url)
    await add_all(first, *(numbered(number) for number in range(WORKERS)))
    await first.close()
    reports = Reports()
    for _ in range(KILLS):
        count = random.randint(*REPORTS_BEFORE_A_KILL)
        print(f"killed after {count} reports")
        _killed_after(count, url, reports)
        _wait_until_its_sessions_are_gone(url, request)
        storage = open_storage(url)
        await _check_records(storage, reports)
        owed = {event.event_id for event in await storage.outbox.pending(limit=1_000_000)}
        assert {event.event_id for event in await _whole_history(storage)} <= owed | reports.delivered
        await storage.close()
    assert reports.saved_events


async def test_the_next_start_delivers_what_the_killed_one_owed_in_order(
    url: str, open_storage: OpenStorage, request: pytest.FixtureRequest
) -> None:
    first = open_storage(url)
    await add_all(first, *(numbered(number) for number in range(WORKERS)))
    await first.close()
    reports = Reports()
    _killed_after(random.randint(*REPORTS_BEFORE_A_KILL), url, reports)
    _wait_until_its_sessions_are_gone(url, request)
    storage = open_storage(url)
    owed = [event.event_id for event in await storage.outbox.pending(limit=1_000_000)]
    received: list[StoredEvent] = []

    async def receive(event: StoredEvent) -> None:
        received.append(event)

    delivery = OutboxDelivery(outbox=storage.outbox, handlers={"receive": receive})
    delivery.start()
    try:
        await until(lambda: _nothing_owed(storage))
    finally:
        await delivery.close()
    assert [event.event_id for event in received] == owed
    assert {event.event_id for event in await _whole_history(storage)} == reports.delivered | set(owed)


async def _nothing_owed(storage: Storage) -> bool:
    return not await storage.outbox.pending(limit=1)
