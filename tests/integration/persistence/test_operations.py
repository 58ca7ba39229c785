"""Long work and its progress survive the process that does it."""

import asyncio
from copy import deepcopy
from datetime import timedelta
from typing import Any

from tests.support.workers import NOW

from cmlfleet.application.ports.storage import Operation, OperationItem
from cmlfleet.domain.identifiers import WorkerId
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


async def test_an_operation_comes_back_as_it_was_saved(storage: Storage, other: Storage) -> None:
    operation = _operation("o-1", "done", "failed", state="partly_failed", done=2, finished_at=NOW)
    operation.items[1].detail = "throttled \0 网络"
    await storage.operations.save(operation)
    assert await other.operations.get("o-1") == operation
    assert await other.operations.get("o-2") is None
    assert await other.operations.get("\0") is None


async def test_progress_replaces_what_was_saved_before(storage: Storage) -> None:
    operation = _operation("o-1", "pending")
    await storage.operations.save(operation)
    operation.items[0].state, operation.done, operation.state, operation.finished_at = "done", 1, "done", NOW
    await storage.operations.save(operation)
    assert await storage.operations.get("o-1") == operation
    assert await storage.operations.list(limit=9) == [operation]


async def test_progress_may_be_saved_by_several_at_once(storage: Storage, other: Storage) -> None:
    saves = [_operation("o-1", "running", done=number) for number in range(20)]
    await asyncio.gather(
        *((storage, other)[number % 2].operations.save(operation) for number, operation in enumerate(saves))
    )
    assert await storage.operations.get("o-1") in saves


async def test_the_newest_operations_are_listed_first(storage: Storage) -> None:
    for age in (1, 3, 2):
        await storage.operations.save(_operation(f"o-{age}", created_at=NOW - timedelta(minutes=age)))
    assert [operation.id for operation in await storage.operations.list(limit=9)] == ["o-1", "o-2", "o-3"]
    assert [operation.id for operation in await storage.operations.list(limit=2)] == ["o-1", "o-2"]


async def test_what_a_gone_process_left_unfinished_is_failed_in_words(storage: Storage, other: Storage) -> None:
    finished = _operation("o-done", "done", state="done", done=1, finished_at=NOW)
    for operation in (
        finished,
        _operation("o-none", "pending", "running"),
        _operation("o-some", "done", "failed", "running", done=1),
        _operation("o-new", "pending", state="pending"),
    ):
        await storage.operations.save(deepcopy(operation))
    later = NOW + timedelta(minutes=1)
    assert await other.operations.fail_unfinished(detail="the service stopped", finished_at=later) == 3
    found = {operation.id: operation for operation in await other.operations.list(limit=9)}
    assert {name: operation.state for name, operation in found.items()} == {
        "o-done": "done",
        "o-none": "failed",
        "o-some": "partly_failed",
        "o-new": "failed",
    }
    assert [(item.state, item.detail) for item in found["o-some"].items] == [
        ("done", None),
        ("failed", None),
        ("failed", "the service stopped"),
    ]
    assert found["o-done"] == finished
    assert {found[name].finished_at for name in ("o-none", "o-some", "o-new")} == {later}
    assert await other.operations.fail_unfinished(detail="again", finished_at=later) == 0
