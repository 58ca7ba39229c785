"""Copies of records with slots."""

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime

from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, copied_state
from cmlfleet.domain.identifiers import AccountId, InstanceId, Region, WorkerId
from cmlfleet.domain.slot_copies import slot_copier


@dataclass(slots=True)
class Record:
    name: str
    tags: list[str] = field(default_factory=list[str])


def test_a_copy_has_the_same_values_and_changes_alone():
    original = Record("a", ["x"])

    copied = slot_copier(Record)(original)
    copied.name = "b"

    assert original == Record("a", ["x"])
    assert copied == Record("b", ["x"])
    assert copied.tags is original.tags


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    percent: float


def test_what_is_frozen_is_copied_with_other_values():
    original = Fact("a", 1.0)

    copied = slot_copier(Fact, "percent")(original, 2.0)

    assert original == Fact("a", 1.0)
    assert copied == Fact("a", 2.0)


def test_a_state_is_copied_whole():
    original = CMLWorkerState(
        id=WorkerId("w-1"),
        account_id=AccountId("111122223333"),
        region=Region("us-east-1"),
        instance_id=InstanceId("i-1"),
        name="one",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    for number, each in enumerate(fields(original)):
        setattr(original, each.name, number)

    copied = copied_state(original)

    assert [getattr(copied, each.name) for each in fields(original)] == list(range(len(fields(original))))
