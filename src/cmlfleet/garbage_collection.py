"""Python's cyclic garbage collector, told what a service with a large fleet is made of.

Nearly everything lives as long as its worker, or dies by its reference count at the end of a refresh. Left alone, the
collector looks through all of the former again and again: a tenth of a busy service's time, and the event loop stands
still for as long as one look takes (a quarter of a second with three thousand workers).
"""

import asyncio
import gc
import resource
from collections.abc import Callable

LOOK_EVERY_SECONDS = 15.0  # a look stops the event loop for 10 us for each refresh since the last one
GROWTH = 1.25  # of the memory, since everything was last looked through: only then can much of it be garbage
_NEVER = 1 << 30
_BURST_OBJECTS = 500_000  # new since the last look: whoever makes so many cycles must not wait for the next


def most_memory() -> int:
    """The largest resident memory of this process so far. What the collector knows it would have to count."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class GarbageCollection:
    """Looks only at what is new, and sets what survives aside; that is looked through when the memory has grown.

    An object set aside still dies by its reference count. Only a cycle that becomes garbage later waits, for the look
    through everything. That one's stall grows with the fleet, so it happens while a fleet grows, and never in a
    steady one.
    """

    def __init__(self, *, memory: Callable[[], int] = most_memory) -> None:
        self._memory = memory
        self._memory_before = 0

    def begin(self) -> None:
        """What was made by now stays."""
        gc.set_threshold(_BURST_OBJECTS, _NEVER, _NEVER)
        self._look_at_everything()

    async def look_on(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            self.look()

    def look(self) -> None:
        """At what is new since the last look, or at everything."""
        if self._memory() > self._memory_before * GROWTH:
            self._look_at_everything()
        else:
            gc.collect(1)
            gc.freeze()

    def _look_at_everything(self) -> None:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._memory_before = self._memory()
