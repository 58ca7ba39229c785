"""Long work and its progress survive the process that does it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from tests.support.workers import NOW

from cmlfleet.application.ports.storage import Operation, OperationItem, OperationRun
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.persistence import tables
from cmlfleet.persistence.storage import Storage


def _operation(operation_id: str, *item_states: str, **changes: Any) -> Operation:
    items = [
        OperationItem(worker_id=WorkerId(f"w-{number}"), state=state) for number, state in enumerate(item_states)
    ]
    values: dict[str, Any] = {
        "id": operation_id,
        "kind": "RefreshWorkersCommand",
        "state": "running",
        "done": 0,
        "total": len(items),
        "items": items,
        "created_by": "Jürgen",
        "created_at": NOW,
    }
    return Operation(**(values | changes))


def _run(operation_id: str, owner: str = "p-1", heard_at: datetime | None = NOW) -> OperationRun:
    return OperationRun(operation_id=operation_id, owner=owner, token=f"run of {owner}", heard_at=heard_at)


async def test_an_operation_comes_back_as_it_was_saved(storage: Storage, other: Storage) -> None:
    operation = _operation("o-1", "done", "failed", state="partly_failed", done=2, finished_at=NOW)
    operation.items[1].detail = "throttled \0 网络"
    await storage.operations.add(operation, _run("o-1"))
    assert await other.operations.get("o-1") == operation
    assert await other.operations.get("o-2") is None
    assert await other.operations.get("\0") is None


async def test_progress_replaces_what_was_saved_before(storage: Storage) -> None:
    operation = _operation("o-1", "pending")
    await storage.operations.add(operation, _run("o-1"))
    assert await storage.operations.unfinished() == [_run("o-1")]
    operation.items[0].state, operation.done, operation.state, operation.finished_at = "done", 1, "done", NOW
    assert await storage.operations.save(operation, _run("o-1"), heard_at=NOW)
    assert await storage.operations.get("o-1") == operation
    assert await storage.operations.list(limit=9) == [operation]
    assert await storage.operations.unfinished() == []


async def test_the_newest_operations_are_listed_first(storage: Storage) -> None:
    for age in (1, 3, 2):
        operation = _operation(f"o-{age}", created_at=NOW - timedelta(minutes=age))
        await storage.operations.add(operation, _run(operation.id))
    assert [operation.id for operation in await storage.operations.list(limit=9)] == ["o-1", "o-2", "o-3"]
    assert [operation.id for operation in await storage.operations.list(limit=2)] == ["o-1", "o-2"]


async def test_who_runs_it_is_told_with_the_latest_sign_of_life(storage: Storage, other: Storage) -> None:
    operation = _operation("o-1", "running")
    await storage.operations.add(operation, _run("o-1"))
    later = NOW + timedelta(seconds=1, microseconds=7)
    for heard_at in (later, None):
        await storage.operations.save(operation, _run("o-1"), heard_at=heard_at)
        assert await other.operations.unfinished() == [_run("o-1", heard_at=heard_at)]


@pytest.mark.parametrize("heard_at", [NOW, None])
async def test_one_takes_over_and_the_run_of_before_saves_nothing_more(
    storage: Storage, other: Storage, heard_at: datetime | None
) -> None:
    operation = _operation("o-1", "pending")
    await storage.operations.add(operation, _run("o-1", heard_at=heard_at))
    left = _run("o-1", heard_at=heard_at)
    takers = [_run("o-1", f"p-{number}") for number in range(2, 8)]
    taken = await asyncio.gather(
        *((storage, other)[number % 2].operations.take_over(left, run) for number, run in enumerate(takers))
    )
    assert sum(taken) == 1
    taker = takers[taken.index(True)]
    assert await other.operations.unfinished() == [taker]
    operation.done = 1
    assert not await storage.operations.save(operation, left, heard_at=NOW)
    assert (await other.operations.get("o-1") or operation).done == 0
    assert await storage.operations.save(operation, taker, heard_at=NOW)


async def test_what_showed_a_sign_of_life_meanwhile_or_has_ended_is_not_taken_over(storage: Storage) -> None:
    operation, later = _operation("o-1", "pending"), NOW + timedelta(seconds=1)
    await storage.operations.add(operation, _run("o-1"))
    await storage.operations.save(operation, _run("o-1"), heard_at=later)
    assert not await storage.operations.take_over(_run("o-1"), _run("o-1", "p-2"))
    operation.state, operation.finished_at = "done", NOW
    await storage.operations.save(operation, _run("o-1"), heard_at=later)
    assert not await storage.operations.take_over(_run("o-1", heard_at=later), _run("o-1", "p-2"))


async def test_what_an_earlier_release_left_unfinished_is_taken_over(storage: Storage) -> None:
    operation = _operation("o-1", "pending")
    await storage.operations.add(operation, _run("o-1"))
    async with storage.database.writing() as connection:
        await connection.execute(update(tables.operations).values(owner=None, token=None, heartbeat_at=None))
    (left,) = await storage.operations.unfinished()
    assert await storage.operations.take_over(left, _run("o-1"))
