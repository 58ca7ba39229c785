"""Who waits for a slot sets out in a batch, and nobody waits for ever."""

import asyncio

from tests.support.waiting import until

from cmlfleet.application.services.batched_slots import BatchedSlots


class Work:
    """Tasks that hold a slot until they are told to end; `under_way` grows in the order of their start."""

    def __init__(self, slots: BatchedSlots, count: int) -> None:
        self.under_way: list[int] = []
        self.ends = [asyncio.Event() for _ in range(count)]
        self.tasks = [asyncio.ensure_future(self._one(slots, number)) for number in range(count)]

    async def _one(self, slots: BatchedSlots, number: int) -> None:
        async with slots:
            self.under_way.append(number)
            await self.ends[number].wait()

    async def end(self, *numbers: int) -> None:
        for number in numbers:
            self.ends[number].set()
        await asyncio.gather(*(self.tasks[number] for number in numbers))

    async def end_all(self) -> None:
        for event in self.ends:
            event.set()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_whoever_fits_goes_at_once_and_the_rest_when_there_is_room_for_a_batch() -> None:
    work = Work(BatchedSlots(at_once=4, batch=2), 8)
    await until(lambda: len(work.under_way) == 4)
    await work.end(0)
    assert work.under_way == [0, 1, 2, 3]
    await work.end(1)
    await until(lambda: work.under_way == [0, 1, 2, 3, 4, 5])
    await work.end_all()
    assert work.under_way == list(range(8))


async def test_fewer_than_a_batch_do_not_wait_for_more() -> None:
    work = Work(BatchedSlots(at_once=4, batch=3), 5)
    await until(lambda: len(work.under_way) == 4)
    await work.end(2)
    await until(lambda: 4 in work.under_way)
    await work.end_all()


async def test_who_gives_up_waiting_keeps_no_slot() -> None:
    slots = BatchedSlots(at_once=2, batch=2)
    work = Work(slots, 5)
    await until(lambda: len(work.under_way) == 2)
    work.tasks[2].cancel()
    await work.end(0, 1)
    await until(lambda: work.under_way == [0, 1, 3, 4])
    await work.end_all()
    again = Work(slots, 2)
    await until(lambda: len(again.under_way) == 2)
    await again.end_all()


async def test_who_gives_up_at_the_moment_of_its_turn_passes_it_on() -> None:
    slots = BatchedSlots(at_once=1, batch=1)
    async with slots:
        second = asyncio.ensure_future(slots.__aenter__())
        third = asyncio.ensure_future(slots.__aenter__())
        await asyncio.sleep(0)  # both wait now
    assert not second.done()  # it has the slot and has not run yet
    second.cancel()
    await until(third.done)
    assert second.cancelled()


async def test_who_gives_up_in_the_moment_of_being_passed_over_is_cancelled_like_anybody() -> None:
    slots = BatchedSlots(at_once=1, batch=1)
    await slots.__aenter__()
    waiting = asyncio.ensure_future(slots.__aenter__())
    await asyncio.sleep(0)
    waiting.cancel()
    await slots.__aexit__(None, None, None)
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    await asyncio.wait_for(slots.__aenter__(), 1)
