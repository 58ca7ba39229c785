"""A simulated controller in the test's own loop, and a reader of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import pytest
import uvloop
from tests.support.cml_reader import CMLReader, cml_reader
from tests.support.simulated_controller import ADDRESS, PASSWORD, simulated_controller

from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.listener import ControllerListener
from cmlfleet.simulator.faults import FaultBoard

GOOD = CMLCredentials(username="admin", password=PASSWORD)


@dataclass(frozen=True, kw_only=True)
class Scene:
    controller: CMLController
    listener: ControllerListener
    faults: FaultBoard
    clock: SimulationClock
    reader: CMLReader


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of production: TLS errors and closed connections look different on each."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """Changes to the controller come as an indirect parameter: a mapping of `CMLController`'s arguments."""
    faults, clock = FaultBoard(), SimulationClock()
    controller = simulated_controller(faults=faults, clock=clock, **getattr(request, "param", {}))
    listener = ControllerListener(controller, ADDRESS)
    await listener.open()
    try:
        async with cml_reader(listener.endpoint, credentials=GOOD, timeout_seconds=2.0) as reader:
            yield Scene(controller=controller, listener=listener, faults=faults, clock=clock, reader=reader)
    finally:
        await listener.close()
