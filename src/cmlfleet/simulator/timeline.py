"""What will happen later, on the simulator's clock."""

import heapq
import itertools
from collections.abc import Callable

from cmlfleet.simulator.clock import SimulationClock

Happening = Callable[[], None]


class Timeline:
    """Happenings in the order of their time. They run when somebody calls `settle`: the server does so many
    times a second and before each AWS call, a test whenever it has moved the clock."""

    def __init__(self, *, clock: SimulationClock) -> None:
        self._clock = clock
        self._due: list[tuple[float, int, Happening]] = []
        self._order = itertools.count()

    def after(self, seconds: float, happening: Happening) -> None:
        """Let it happen that many simulated seconds from now."""
        heapq.heappush(self._due, (self._clock.monotonic() + seconds, next(self._order), happening))

    def settle(self) -> None:
        """Let everything happen whose time has come, in order; what that brings about as well."""
        while self._due and self._due[0][0] <= self._clock.monotonic():
            _, _, happening = heapq.heappop(self._due)
            happening()
