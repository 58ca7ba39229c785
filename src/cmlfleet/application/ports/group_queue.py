"""How a monitoring group gets from the one process that knows when to one of those that refresh it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from cmlfleet.application.ports.cluster import Term
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFire:
    """A group is to be refreshed. `slot` is the time for which that was scheduled; a group has one fire a slot."""

    group_id: str
    account_id: AccountId
    region: Region
    slot: datetime
    members: tuple[WorkerId, ...]


class FireOutcome(Enum):
    """What became of a fire."""

    FIRED = auto()
    FIRED_ALREADY = auto()
    """Of this slot, or a later one: perhaps by the leader before."""
    NOT_LEADING = auto()
    """The term is over, and nothing was fired."""


class GroupQueue(Protocol):
    """Fires come from a thread of their own, which may wait."""

    def fire(self, term: Term, fire: GroupFire) -> FireOutcome:
        """In one step: make sure that the term lasts and that the slot is new, and put the group on the queue.

        Raises CoordinationUnavailable: perhaps it was fired all the same, so it may be tried again.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGroup:
    """A group as one leader leaves it to the next."""

    group_id: str
    account_id: AccountId
    region: Region
    members: tuple[WorkerId, ...]


class GroupRegister(Protocol):
    """Which worker is in which group, beside the schedule: a new leader moves nobody. Both raise
    CoordinationUnavailable."""

    async def load(self) -> Sequence[StoredGroup]: ...
    async def save(self, groups: Iterable[StoredGroup], *, closed: Iterable[str]) -> None:
        """Replace these groups, and drop the closed ones."""
        ...
