"""What only the garbage collector can free."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def cyclic_garbage() -> Generator[list[object]]:
    """Filled, at the end, with the objects of the block that refer to each other in circles."""
    found = list[object]()
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
