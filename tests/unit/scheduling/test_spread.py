"""Fires are spread over the interval, whatever opens and closes, and stay where they are once they are spread."""

import random
from itertools import pairwise

import pytest

from cmlfleet.scheduling.spread import better_place, free_place


def _gaps(places: list[float]) -> list[float]:
    ordered = sorted(places)
    return [after - before for before, after in pairwise([*ordered, ordered[0] + 1])]


def _settled(places: list[float], *, rounds: int) -> list[float]:
    """Every one moves, if it wants to, when its turn comes."""
    for _ in range(rounds):
        for index in sorted(range(len(places)), key=lambda each: places[each]):
            better = better_place(places[index], places[:index] + places[index + 1 :])
            places[index] = places[index] if better is None else better
    return places


def test_the_first_goes_to_the_beginning_and_the_second_opposite() -> None:
    assert free_place([]) == 0
    assert free_place([0.25]) == 0.75


def test_one_more_goes_into_the_widest_gap_also_across_the_end() -> None:
    assert free_place([0.0, 0.2, 0.7]) == pytest.approx(0.45)
    assert free_place([0.3, 0.7]) == pytest.approx(0.0)


def test_who_is_alone_or_well_spread_stays() -> None:
    assert better_place(0.3, []) is None
    places = [number / 8 for number in range(8)]
    assert [better_place(own, [other for other in places if other != own]) for own in places] == [None] * 8


def test_two_at_the_same_place_part() -> None:
    assert better_place(0.4, [0.4]) == pytest.approx(0.9)


@pytest.mark.parametrize("seed", range(20))
def test_any_crowd_is_spread_within_two_rounds_and_then_rests(seed: int) -> None:
    chance = random.Random(seed)
    count = chance.randint(2, 40)
    crowd = [chance.random() * chance.choice([0.01, 0.3, 1.0]) for _ in range(count)]
    spread = _settled(crowd, rounds=2)
    assert max(_gaps(spread)) < 3.5 / count
    assert min(_gaps(spread)) > 0.25 / count
    rested = _settled(spread, rounds=3)
    assert _settled(list(rested), rounds=1) == rested
