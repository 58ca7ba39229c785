"""Groups' fires are spread evenly over the interval, whatever groups open and close.

A place in the interval is a fraction of it, from 0 to below 1, and the interval closes to a circle.
"""

from collections.abc import Sequence

WORTH_MOVING = 1.5  # times as far from its neighbours as before, or it stays: nothing moves to and fro


def free_place(taken: Sequence[float]) -> float:
    """The middle of the widest gap between those that are taken; 0 when none is."""
    if not taken:
        return 0.0
    start, width = _widest_gap(taken)
    return (start + width / 2) % 1.0


def better_place(own: float, others: Sequence[float]) -> float | None:
    """Where the one at `own` keeps more distance from its neighbours; None: it stays."""
    if not others:
        return None
    nearest = min(min((other - own) % 1.0, (own - other) % 1.0) for other in others)
    start, width = _widest_gap(others)
    return (start + width / 2) % 1.0 if width / 2 > WORTH_MOVING * nearest else None


def _widest_gap(taken: Sequence[float]) -> tuple[float, float]:
    """Its start and its width."""
    places = sorted(place % 1.0 for place in taken)
    following = [*places[1:], places[0] + 1.0]
    width, start = max((after - place, place) for place, after in zip(places, following, strict=True))
    return start, width
