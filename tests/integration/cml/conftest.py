"""A simulated controller in the test's own loop, and a reader of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.listener import ControllerListener
from cmlfleet.simulator.faults import FaultBoard
from tests.support.cml_reader import CMLReader, cml_reader
from tests.support.simulated_controller import ADDRESS, PASSWORD, simulated_controller

GOOD = CMLCredentials(username="admin", password=PASSWORD)


@dataclass(frozen=True, kw_only=True)
class Scene:
    controller: CMLController
    listener: ControllerListener
    faults: FaultBoard
    reader: CMLReader


@pytest.fixture
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """Changes to the controller come as an indirect parameter: a mapping of `CMLController`'s arguments."""
    faults = FaultBoard()
    controller = simulated_controller(faults=faults, **getattr(request, "param", {}))
    listener = ControllerListener(controller, ADDRESS)
    await listener.open()
    try:
        async with cml_reader(listener.endpoint, credentials=GOOD, timeout_seconds=2.0) as reader:
            yield Scene(controller=controller, listener=listener, faults=faults, reader=reader)
    finally:
        await listener.close()
