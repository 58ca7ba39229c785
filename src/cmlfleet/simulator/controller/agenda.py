"""What a controller will do later, done when somebody looks: ten thousand controllers need no timers."""

import heapq
from collections.abc import Callable
from itertools import count

Deed = Callable[[float], None]
"""Called with the moment at which it was due."""


class Agenda:
    """Deeds on the simulated clock, in order of the moment they are due."""

    __slots__ = ("_due", "_order")

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Deed]] = []
        self._order = count()

    def add(self, at: float, deed: Deed) -> None:
        heapq.heappush(self._due, (at, next(self._order), deed))

    def settle(self, moment: float) -> None:
        """Do all that was due up to that moment; what a deed adds is done as well when it is due."""
        while self._due and self._due[0][0] <= moment:
            at, _, deed = heapq.heappop(self._due)
            deed(at)

    @property
    def next_at(self) -> float | None:
        return self._due[0][0] if self._due else None
