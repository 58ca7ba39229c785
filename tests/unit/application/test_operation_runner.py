"""Long work: its progress is stored, one item's failure is its own, and what a process leaves behind goes on."""

import asyncio
from dataclasses import replace

import pytest
from tests.support.application_scene import ANN, utc_now
from tests.support.fake_storage import FakeOperationStore
from tests.support.waiting import until

from cmlfleet.application.ports.storage import Operation, StorageUnavailable
from cmlfleet.application.principal import Kind, Principal, Role
from cmlfleet.application.services import operation_runner
from cmlfleet.application.services.operation_runner import OneWorker, OperationRunner
from cmlfleet.domain.identifiers import WorkerId

WORKERS = [WorkerId(f"w-{number}") for number in range(4)]
SILENT_SECONDS = 1.0  # long against any stall of the event loop that both processes of a test share


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation_runner, "SAVE_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(operation_runner, "LOOK_EVERY_SECONDS", 0.01)


class Scene:
    """One process; another on the same `store` is made of it."""

    def __init__(self, work: OneWorker, store: FakeOperationStore | None = None) -> None:
        self.store = store or FakeOperationStore()
        self.observed: list[tuple[str, int]] = []
        self.runner = OperationRunner(
            store=self.store,
            clock=utc_now,
            observe=self._observe,
            works={"refresh": work},
            process_id="p-1" if store is None else "p-2",
            silent_seconds=SILENT_SECONDS,
        )

    async def start(self) -> Operation:
        return await self.runner.start(
            "refresh", {worker_id: f"worker {worker_id}" for worker_id in WORKERS}, started_by=ANN
        )

    async def run(self) -> Operation:
        return await self.ended(await self.start())

    async def ended(self, operation: Operation) -> Operation:
        await until(lambda: self.store.kept[operation.id].finished_at, what="the end")
        return self.store.kept[operation.id]

    def _observe(self, operation: Operation) -> None:
        self.observed.append((operation.state, operation.done))


class Gate:
    """Work that lets the first worker through, and the others once it is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.worked: list[tuple[WorkerId, Principal]] = []

    async def __call__(self, worker_id: WorkerId, principal: Principal) -> str | None:
        if worker_id != WORKERS[0]:
            await self.open.wait()
        self.worked.append((worker_id, principal))
        return None


async def _well(worker_id: WorkerId, principal: Principal) -> str | None:
    return None


async def _badly(worker_id: WorkerId, principal: Principal) -> str | None:
    raise ValueError("no")


async def _half(worker_id: WorkerId, principal: Principal) -> str | None:
    return "cml: not_ready" if worker_id in WORKERS[:2] else await _badly(worker_id, principal)


@pytest.mark.parametrize(("work", "state"), [(_well, "done"), (_badly, "failed"), (_half, "partly_failed")])
async def test_the_end_tells_how_the_items_went(work: OneWorker, state: str) -> None:
    scene = Scene(work)
    operation = await scene.run()
    assert (operation.state, operation.done, operation.total) == (state, 4, 4)
    assert scene.observed[0] == ("running", 0)
    await until(lambda: scene.observed[-1] == (state, 4), what="the word of the end")


async def test_an_item_says_what_came_of_it() -> None:
    operation = await Scene(_half).run()
    assert [(item.state, item.detail) for item in operation.items] == [
        ("done", "cml: not_ready"),
        ("done", "cml: not_ready"),
        ("failed", "no"),
        ("failed", "no"),
    ]


async def test_nothing_to_do_is_done_at_once() -> None:
    operation = await Scene(_well).runner.start("refresh", {}, started_by=ANN)
    assert (operation.state, operation.finished_at is not None) == ("done", True)


async def test_progress_is_stored_while_it_runs() -> None:
    gate = Gate()
    scene = Scene(gate)
    running = asyncio.ensure_future(scene.run())
    await until(lambda: ("running", 1) in scene.observed, what="one of four")
    gate.open.set()
    assert (await running).done == 4


async def test_without_a_database_nothing_is_begun() -> None:
    scene = Scene(_well)
    scene.store.is_down = True
    with pytest.raises(StorageUnavailable):
        await scene.start()
    assert scene.observed == []


async def test_an_end_that_the_database_was_away_for_is_stored_afterwards() -> None:
    gate = Gate()
    scene = Scene(gate)
    operation = await scene.start()
    await until(lambda: len(gate.worked) == 1, what="the first item")
    scene.store.is_down = True
    gate.open.set()
    await until(lambda: len(gate.worked) == 4, what="every item")
    scene.store.is_down = False
    assert (await scene.ended(operation)).state == "done"


async def test_what_a_process_hands_back_goes_on_elsewhere_with_what_was_not_done() -> None:
    gate, elsewhere = Gate(), Gate()
    scene = Scene(gate)
    operation = await scene.start()
    await until(lambda: scene.store.kept[operation.id].done == 1, what="the first item")
    await scene.runner.close()
    assert scene.store.kept[operation.id].finished_at is None
    elsewhere.open.set()
    second = Scene(elsewhere, scene.store)
    second.runner.watch()
    ended = await second.ended(operation)
    await second.runner.close()
    assert (ended.state, ended.done) == ("done", 4)
    assert [worker_id for worker_id, _ in elsewhere.worked] == WORKERS[1:]
    principal = elsewhere.worked[0][1]
    assert (principal.name, principal.limit, principal.role) == (ANN.name, ANN.limit, Role.OPERATOR)
    assert principal.kind is Kind.SERVICE  # its start is in the audit trail, its steps are not


async def test_what_lives_is_left_where_it_is() -> None:
    gate, elsewhere = Gate(), Gate()
    scene = Scene(gate)
    operation = await scene.start()
    second = Scene(elsewhere, scene.store)
    second.runner.watch()
    saved = len(scene.store.saves)
    enough = saved + round(1.2 * SILENT_SECONDS / operation_runner.SAVE_EVERY_SECONDS)
    await until(lambda: len(scene.store.saves) > enough, what="progress for longer than the silence of the dead")
    assert elsewhere.worked == []
    gate.open.set()
    assert (await scene.ended(operation)).done == 4
    await second.runner.close()


async def test_what_was_taken_for_dead_stops_and_saves_nothing_more() -> None:
    gate, elsewhere = Gate(), Gate()
    scene = Scene(gate)
    operation = await scene.start()
    await until(lambda: scene.store.kept[operation.id].done == 1, what="the first item")
    run = scene.store.runs[operation.id]
    scene.store.runs[operation.id] = replace(run, token="another's")  # as after a take-over
    await until(lambda: not scene.runner._runs, what="the end of the old run")
    second = Scene(elsewhere, scene.store)
    second.runner.watch()
    await until(lambda: second.runner._runs, what="the new run, after the silence")
    elsewhere.open.set()
    assert (await second.ended(operation)).state == "done"
    assert [worker_id for worker_id, _ in gate.worked] == WORKERS[:1]
    await second.runner.close()


async def test_what_another_version_began_is_left_alone() -> None:
    scene = Scene(_well)
    operation = await scene.start()
    await scene.ended(operation)
    unknown = replace(scene.store.kept[operation.id], id="op-2", kind="terminate", state="running", finished_at=None)
    await scene.store.add(unknown, replace(scene.store.runs[operation.id], operation_id="op-2", heard_at=None))
    known = replace(unknown, id="op-3", kind="refresh")
    await scene.store.add(known, replace(scene.store.runs["op-2"], operation_id="op-3"))
    second = Scene(_well, scene.store)
    second.runner.watch()
    await second.ended(known)
    await second.runner.close()
    assert scene.store.kept["op-2"].finished_at is None
    assert scene.store.runs["op-2"].owner == "p-1"
