"""The batcher: windows, sizes, answers for each, and nobody's failure but the batch's own."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from tests.support.waiting import until

from cmlfleet.integration.aws.batcher import Batcher, BatchFailedError, BatchWindow

LONG = BatchWindow(idle_seconds=0.2, longest_seconds=0.4, busy_seconds=0.5)


class Executor:
    """Doubles each number; numbers of `bad` are left out, and `gate` holds it up."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[int]]] = []
        self.gate: asyncio.Event | None = None
        self.error: Exception | None = None

    async def __call__(self, key: str, items: Sequence[int]) -> Mapping[int, int]:
        self.batches.append((key, list(items)))
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return {item: item * 2 for item in items}


@pytest.fixture
def executor() -> Executor:
    return Executor()


def _batcher(executor: Executor, *, largest: int = 100, window: BatchWindow | None = None) -> Batcher[str, int, int]:
    return Batcher[str, int, int](name="test", execute=executor, largest=largest, window=window)


async def test_those_of_a_moment_share_a_batch(executor: Executor):
    batcher = _batcher(executor)
    answers = await asyncio.gather(*(batcher.submit("a", number) for number in range(50)))
    assert answers == [number * 2 for number in range(50)]
    assert executor.batches == [("a", list(range(50)))]


async def test_a_lone_caller_waits_no_longer_than_the_idle_window(executor: Executor):
    batcher = _batcher(executor)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await batcher.submit("a", 1)
    assert 0.009 <= loop.time() - started < 0.04


async def test_keys_are_apart(executor: Executor):
    batcher = _batcher(executor)
    await asyncio.gather(batcher.submit("a", 1), batcher.submit("b", 2))
    assert sorted(executor.batches) == [("a", [1]), ("b", [2])]


async def test_the_same_item_is_asked_once(executor: Executor):
    batcher = _batcher(executor)
    assert await asyncio.gather(batcher.submit("a", 1), batcher.submit("a", 1)) == [2, 2]
    assert executor.batches == [("a", [1])]


async def test_a_full_batch_goes_at_once(executor: Executor):
    batcher = _batcher(executor, largest=3, window=BatchWindow(idle_seconds=60, longest_seconds=60))
    assert await asyncio.gather(*(batcher.submit("a", number) for number in range(6))) == [0, 2, 4, 6, 8, 10]
    assert executor.batches == [("a", [0, 1, 2]), ("a", [3, 4, 5])]


async def test_a_trickle_is_cut_at_the_longest_window(executor: Executor):
    """Somebody comes every few milliseconds: the first does not wait for the last."""
    batcher = _batcher(executor, window=BatchWindow(idle_seconds=0.03, longest_seconds=0.06, busy_seconds=0.06))
    readings: list[asyncio.Task[int]] = []
    while not executor.batches:
        readings.append(asyncio.create_task(batcher.submit("a", len(readings))))
        await asyncio.sleep(0.005)
        assert len(readings) < 60
    assert len(executor.batches[0][1]) > 1
    await asyncio.gather(*readings)


async def test_who_comes_while_a_batch_is_under_way_is_in_the_next(executor: Executor):
    batcher = _batcher(executor)
    executor.gate = asyncio.Event()
    first = asyncio.create_task(batcher.submit("a", 1))
    await until(lambda: executor.batches)
    second = asyncio.create_task(batcher.submit("a", 1))
    await until(lambda: len(executor.batches) == 2)
    executor.gate.set()
    assert await asyncio.gather(first, second) == [2, 2]


async def test_one_that_gives_up_leaves_the_others(executor: Executor):
    batcher = _batcher(executor)
    executor.gate = asyncio.Event()
    tasks = [asyncio.create_task(batcher.submit("a", number)) for number in (1, 2, 2)]
    await until(lambda: executor.batches)
    tasks[0].cancel()
    tasks[1].cancel()
    executor.gate.set()
    assert await tasks[2] == 4
    assert executor.batches == [("a", [1, 2])]


async def test_who_gave_up_before_is_not_asked_for(executor: Executor):
    batcher = _batcher(executor)
    gone, stays = (asyncio.create_task(batcher.submit("a", number)) for number in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == 4
    assert executor.batches == [("a", [2])]


async def test_nobody_left_asks_nothing(executor: Executor):
    batcher = _batcher(executor)
    gone = asyncio.create_task(batcher.submit("a", 1))
    await asyncio.sleep(0)
    gone.cancel()
    assert await batcher.submit("b", 2) == 4
    assert executor.batches == [("b", [2])]


async def test_a_broken_executor_is_each_waiters_own_error(executor: Executor):
    batcher = _batcher(executor)
    executor.error = RuntimeError("broken")
    failures = await asyncio.gather(*(batcher.submit("a", number) for number in (1, 2)), return_exceptions=True)
    assert [type(failure) for failure in failures] == [BatchFailedError, BatchFailedError]
    assert failures[0] is not failures[1]
    executor.error = None
    assert await batcher.submit("a", 1) == 2


async def test_an_answer_that_lacks_an_item_is_an_error_too():
    async def forgetful(_: str, items: Sequence[int]) -> Mapping[int, int]:
        return dict.fromkeys(items[1:], 0)

    batcher = Batcher[str, int, int](name="test", execute=forgetful, largest=10)
    answers = await asyncio.wait_for(
        asyncio.gather(batcher.submit("a", 1), batcher.submit("a", 2), return_exceptions=True), 5
    )
    assert isinstance(answers[0], BatchFailedError)


async def test_while_the_executor_is_slow_batches_grow_instead_of_queueing(executor: Executor):
    """As when the budget holds the calls back: a steady stream of callers must not build up a queue of small ones."""
    batcher = _batcher(executor, window=BatchWindow(idle_seconds=0.001, longest_seconds=0.002))
    executor.gate = asyncio.Event()
    readings: list[asyncio.Task[int]] = []
    for number in range(60):
        readings.append(asyncio.create_task(batcher.submit("a", number)))
        await asyncio.sleep(0.003)
    started = len(executor.batches)
    assert started <= 4
    other = asyncio.create_task(batcher.submit("b", 1))
    await until(lambda: ("b", [1]) in executor.batches)

    executor.gate.set()

    assert await asyncio.gather(*readings, other) == [*(number * 2 for number in range(60)), 2]
    assert len(executor.batches) == started + 2


async def test_full_batches_go_as_others_end(executor: Executor):
    batcher = _batcher(executor, largest=2)
    executor.gate = asyncio.Event()
    readings = [asyncio.create_task(batcher.submit("a", number)) for number in range(13)]
    await until(lambda: len(executor.batches) == 4)
    executor.gate.set()
    assert await asyncio.gather(*readings) == [number * 2 for number in range(13)]
    assert [len(items) for _, items in executor.batches] == [2, 2, 2, 2, 2, 2, 1]


async def test_closing_cancels_what_waits_and_what_runs(executor: Executor):
    batcher = _batcher(executor)
    executor.gate = asyncio.Event()
    running = asyncio.create_task(batcher.submit("a", 1))
    await until(lambda: executor.batches)
    waiting = asyncio.create_task(batcher.submit("a", 2))
    await asyncio.sleep(0)
    await batcher.close()
    results = await asyncio.gather(running, waiting, return_exceptions=True)
    assert [type(each) for each in results] == [asyncio.CancelledError] * 2


async def test_on_a_busy_loop_callers_that_belong_together_stay_together(executor: Executor):
    """Each caller needs a few milliseconds of the loop before it asks: timers come late, the batch waits for all."""
    batcher = _batcher(executor)

    async def caller(number: int) -> int:
        for _ in range(3):
            until_at = asyncio.get_running_loop().time() + 0.002
            while asyncio.get_running_loop().time() < until_at:
                pass
            await asyncio.sleep(0)
        return await batcher.submit("a", number)

    await asyncio.gather(*(caller(number) for number in range(30)))
    assert len(executor.batches) == 1
