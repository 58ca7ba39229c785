"""What the collector looks at, and when."""

import gc
import weakref
from collections.abc import Generator

import pytest

from cmlfleet.garbage_collection import GarbageCollection


class Cycle:
    """Refers to itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def collector() -> Generator[None]:
    """As it was before."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_a_cycle_is_freed_at_the_next_look() -> None:
    collection = GarbageCollection(memory=lambda: 100)
    collection.begin()
    gone = weakref.ref(Cycle())

    collection.look()

    assert gone() is None


def test_what_survives_a_look_is_not_looked_at_again() -> None:
    collection = GarbageCollection(memory=lambda: 100)
    collection.begin()
    kept = Cycle()
    collection.look()
    gone = weakref.ref(kept)
    del kept

    collection.look()

    assert gone() is not None


def test_what_survived_dies_by_its_reference_count() -> None:
    collection = GarbageCollection(memory=lambda: 100)
    collection.begin()
    kept = Cycle()
    collection.look()
    gone = weakref.ref(kept)

    kept.itself = None  # pyright: ignore[reportAttributeAccessIssue] - not a cycle any more
    del kept

    assert gone() is None


def test_what_was_set_aside_is_looked_at_when_the_memory_has_grown() -> None:
    memory = 100
    collection = GarbageCollection(memory=lambda: memory)
    collection.begin()
    kept = Cycle()
    collection.look()
    gone = weakref.ref(kept)
    del kept
    memory = 130

    collection.look()

    assert gone() is None


def test_nothing_is_looked_at_between_looks() -> None:
    collection = GarbageCollection(memory=lambda: 100)
    collection.begin()
    before = [each["collections"] for each in gc.get_stats()]

    fleet = [[index] for index in range(100_000)]

    assert [each["collections"] for each in gc.get_stats()] == before
    assert len(fleet) == 100_000
