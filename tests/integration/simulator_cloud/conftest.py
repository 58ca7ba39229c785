from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.simulator import boto_client, simulator_in_thread

from cmlfleet.simulator.cloud.transition_times import TransitionTimes
from cmlfleet.simulator.server import SimulatorServer

SLOW_ENOUGH_TO_BE_SEEN = TransitionTimes(
    pending_seconds=1000, stopping_seconds=1000, shutting_down_seconds=1000, metal_factor=1
)


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    """Twelve steady workers; transitions end when the test advances the clock by 1,000 seconds."""
    with simulator_in_thread(workers=12, times=SLOW_ENOUGH_TO_BE_SEEN) as server:
        yield server


@pytest.fixture
def ec2(simulator: SimulatorServer) -> Any:
    return boto_client(simulator, "ec2")


@pytest.fixture
def cloudwatch(simulator: SimulatorServer) -> Any:
    return boto_client(simulator, "cloudwatch")
