"""What several processes of one installation need of each other."""

from dataclasses import dataclass
from typing import Protocol


class CoordinationUnavailable(Exception):
    """Redis cannot be reached: what needs other processes waits, the rest goes on."""


class CannotJoin(Exception):
    """The process must not start in this cluster; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One time of leading. `token` proves to Redis that it lasts.

    `fence` is greater than that of every earlier term; it comes from the database, so that a Redis that has lost its
    data, or fell back to old data, cannot take an old leader for the present one.
    """

    token: str
    fence: int


class LeaderLease(Protocol):
    """At most one token holds it; it lapses `lease_seconds` after it was last taken or renewed.

    Every method raises CoordinationUnavailable.
    """

    @property
    def lease_seconds(self) -> float: ...

    async def acquire(self, token: str) -> bool:
        """Take it if nobody holds it."""
        ...

    async def renew(self, token: str) -> bool:
        """False: somebody else holds it, or nobody."""
        ...

    async def release(self, token: str) -> None:
        """Give it back; nothing happens when somebody else holds it."""
        ...


class Fences(Protocol):
    """Numbers that only grow."""

    async def next_fence(self) -> int:
        """Raises StorageUnavailable."""
        ...
