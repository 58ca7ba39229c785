"""A simulated CML controller for tests: in the test's own loop, or in a thread for synchronous clients."""

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.controller.boot import BootPhases
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.listener import ControllerListener
from cmlfleet.simulator.faults import FaultBoard

PASSWORD = "a-password-of-the-simulator"
WORKER = "worker-1"
GIBIBYTE = 2**30
ADDRESS = "127.8.0.1"

T = TypeVar("T")


def simulated_controller(
    *,
    clock: SimulationClock | None = None,
    faults: FaultBoard | None = None,
    is_up: bool = True,
    **changes: Any,
) -> CMLController:
    """A metal-sized controller, up unless told otherwise; `changes` go to `CMLController`."""
    settings: dict[str, Any] = {
        "name": WORKER,
        "seed": 7,
        "password": PASSWORD,
        "cpu_count": 48,
        "memory_bytes": 192 * GIBIBYTE,
        "disk_bytes": 256 * GIBIBYTE,
        "boot": BootPhases(),
        **changes,
    }
    controller = CMLController(clock=clock or SimulationClock(), faults=faults or FaultBoard(), **settings)
    if is_up:
        controller.power_on(already_up=True)
    return controller


@dataclass(frozen=True, kw_only=True)
class RunningController:
    """A controller that listens, on a loop in another thread."""

    controller: CMLController
    listener: ControllerListener
    clock: SimulationClock
    faults: FaultBoard
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        return self.listener.endpoint

    def do(self, deed: Callable[[], T]) -> T:
        """Run something on the controller's own loop, where its state is touched by nobody else."""

        async def run() -> T:
            return deed()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(timeout=10)


@contextmanager
def running_controller(*, speed: float = 1.0, **changes: Any) -> Generator[RunningController]:
    """On a free port; closed at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulated controller")
    thread.start()
    clock, faults = SimulationClock(speed=speed), FaultBoard()
    controller = simulated_controller(clock=clock, faults=faults, **changes)
    listener = ControllerListener(controller, ADDRESS)
    try:
        asyncio.run_coroutine_threadsafe(listener.open(), loop).result(timeout=10)
        yield RunningController(controller=controller, listener=listener, clock=clock, faults=faults, loop=loop)
    finally:
        asyncio.run_coroutine_threadsafe(listener.close(), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()
