"""A limit names labels and accounts: which workers lie within, and which limits within another."""

from dataclasses import dataclass, field

import pytest

from cmlfleet.application.team_limit import TeamLimit, team_limit


@dataclass
class Worker:
    account_id: str = "1"
    labels: dict[str, str] = field(default_factory=dict[str, str])


BLUE = TeamLimit(labels=("team=blue",))
BLUE_OR_RED = TeamLimit(labels=("team=blue", "team=red"))
BLUE_IN_LAB = TeamLimit(labels=("room=lab", "team=blue"))
BLUE_IN_1 = TeamLimit(labels=("team=blue",), accounts=("1",))
IN_1 = TeamLimit(accounts=("1",))
IN_1_OR_2 = TeamLimit(accounts=("1", "2"))


@pytest.mark.parametrize(
    ("limit", "worker", "lies_within"),
    [
        (BLUE, Worker(labels={"team": "blue"}), True),
        (BLUE, Worker(labels={"team": "red"}), False),
        (BLUE, Worker(labels={"team": "Blue"}), False),
        (BLUE, Worker(labels={"team": "blue", "room": "x"}), True),
        (BLUE, Worker(labels={"steam": "blue"}), False),
        (BLUE, Worker(), False),
        (BLUE_OR_RED, Worker(labels={"team": "red"}), True),
        (BLUE_IN_LAB, Worker(labels={"team": "blue"}), False),
        (BLUE_IN_LAB, Worker(labels={"team": "blue", "room": "lab"}), True),
        (BLUE_IN_1, Worker("1", {"team": "blue"}), True),
        (BLUE_IN_1, Worker("2", {"team": "blue"}), False),
        (IN_1, Worker("1"), True),
        (IN_1, Worker("2"), False),
        (IN_1_OR_2, Worker("2"), True),
    ],
)
def test_who_lies_within(limit: TeamLimit, worker: Worker, lies_within: bool) -> None:
    assert limit.admits(worker) is lies_within


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (BLUE, BLUE),
        (BLUE_OR_RED, BLUE),
        (BLUE, BLUE_IN_LAB),
        (BLUE, BLUE_IN_1),
        (IN_1, BLUE_IN_1),
        (IN_1_OR_2, IN_1),
    ],
)
def test_a_limit_covers_those_that_are_narrower(wide: TeamLimit, narrow: TeamLimit) -> None:
    assert wide.covers(narrow)
    assert wide == narrow or not narrow.covers(wide)


@pytest.mark.parametrize("limit", [BLUE, IN_1, BLUE_IN_1])
def test_no_limit_is_wider_than_any(limit: TeamLimit) -> None:
    assert not limit.covers(None)


def test_limiting_to_nothing_is_no_limit() -> None:
    assert team_limit() is None
    assert team_limit(labels=["team=red", "team=blue", "team=red"], accounts=["1"]) == TeamLimit(
        labels=("team=blue", "team=red"), accounts=("1",)
    )


def test_a_value_may_hold_an_equals_sign() -> None:
    assert TeamLimit(labels=("team=a=b",)).admits(Worker(labels={"team": "a=b"}))
