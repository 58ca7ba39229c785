import asyncio
from datetime import UTC, datetime

import pytest

from cmlfleet.simulator.clock import SimulationClock


def test_advance_moves_both_readings() -> None:
    clock = SimulationClock(start_at=datetime(2026, 11, 24, tzinfo=UTC))
    before_at, before = clock.now(), clock.monotonic()
    clock.advance(3600)
    assert 3600 <= clock.monotonic() - before < 3601
    assert 3600 <= (clock.now() - before_at).total_seconds() < 3601


async def test_speed_shortens_a_sleep() -> None:
    clock = SimulationClock(speed=100_000)
    await asyncio.wait_for(clock.sleep(3600), timeout=2)


@pytest.mark.parametrize("speed", [0, -1])
def test_time_that_stands_still_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        SimulationClock(speed=speed)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        SimulationClock().advance(-1)


async def test_a_sleeper_wakes_when_time_is_advanced() -> None:
    clock = SimulationClock()
    sleeper = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0)
    clock.advance(3600)
    await asyncio.wait_for(sleeper, timeout=2)
