"""Long work: its progress is stored, one item's failure is its own, and nothing is left running."""

import asyncio

import pytest
from tests.support.application_scene import ANN, utc_now
from tests.support.fake_storage import FakeOperationStore
from tests.support.waiting import until

from cmlfleet.application.ports.storage import Operation, StorageUnavailable
from cmlfleet.application.services import operation_runner
from cmlfleet.application.services.operation_runner import OneWorker, OperationRunner
from cmlfleet.domain.identifiers import WorkerId

WORKERS = [WorkerId(f"w-{number}") for number in range(4)]


class Scene:
    def __init__(self) -> None:
        self.store = FakeOperationStore()
        self.observed: list[tuple[str, int]] = []
        self.runner = OperationRunner(store=self.store, clock=utc_now, observe=self._observe)

    async def run(self, work: OneWorker) -> Operation:
        started = await self.runner.start("refresh", WORKERS, work=work, started_by=ANN)
        await until(lambda: self.store.kept[started.id].finished_at, what="the end")
        return self.store.kept[started.id]

    def _observe(self, operation: Operation) -> None:
        self.observed.append((operation.state, operation.done))


async def _well(worker_id: WorkerId) -> str | None:
    return None


async def _badly(worker_id: WorkerId) -> str | None:
    raise ValueError("no")


async def _half(worker_id: WorkerId) -> str | None:
    return "cml: not_ready" if worker_id in WORKERS[:2] else await _badly(worker_id)


@pytest.mark.parametrize(("work", "state"), [(_well, "done"), (_badly, "failed"), (_half, "partly_failed")])
async def test_the_end_tells_how_the_items_went(work: OneWorker, state: str) -> None:
    scene = Scene()
    operation = await scene.run(work)
    assert (operation.state, operation.done, operation.total) == (state, 4, 4)
    assert scene.observed[0] == ("running", 0)
    assert scene.observed[-1] == (state, 4)


async def test_an_item_says_what_came_of_it() -> None:
    operation = await Scene().run(_half)
    assert [(item.state, item.detail) for item in operation.items] == [
        ("done", "cml: not_ready"),
        ("done", "cml: not_ready"),
        ("failed", "no"),
        ("failed", "no"),
    ]


async def test_nothing_to_do_is_done_at_once() -> None:
    scene = Scene()
    operation = await scene.runner.start("refresh", [], work=_well, started_by=ANN)
    assert (operation.state, operation.finished_at is not None) == ("done", True)


async def test_progress_is_stored_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation_runner, "SAVE_EVERY_SECONDS", 0.01)
    scene, gate = Scene(), asyncio.Event()

    async def work(worker_id: WorkerId) -> str | None:
        if worker_id == WORKERS[0]:
            await gate.wait()
        return None

    running = asyncio.ensure_future(scene.run(work))
    await until(lambda: ("running", 3) in scene.observed, what="three of four")
    gate.set()
    assert (await running).done == 4


async def test_without_a_database_nothing_is_begun() -> None:
    scene = Scene()
    scene.store.is_down = True
    with pytest.raises(StorageUnavailable):
        await scene.runner.start("refresh", WORKERS, work=_well, started_by=ANN)
    assert scene.observed == []


async def test_closing_stops_what_runs() -> None:
    scene, begun = Scene(), asyncio.Event()

    async def for_ever(worker_id: WorkerId) -> str | None:
        begun.set()
        await asyncio.Event().wait()
        return None

    operation = await scene.runner.start("refresh", WORKERS, work=for_ever, started_by=ANN)
    await begun.wait()
    await scene.runner.close()
    assert scene.store.kept[operation.id].finished_at is None
    assert await scene.store.fail_unfinished(detail="the service stopped", finished_at=utc_now()) == 1
