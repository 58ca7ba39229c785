"""People who sign in with a password of our own. Every method may raise `StorageUnavailable`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cmlfleet.application.principal import Role
from cmlfleet.application.team_limit import TeamLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """`name` is what they sign in with, told apart without regard to case."""

    id: str
    name: str
    role: Role
    limit: TeamLimit | None = None
    disabled: bool = False
    created_at: datetime
    last_signed_in_at: datetime | None = None
    password_hash: str = field(repr=False)


class UserStore(Protocol):
    """Users are disabled, never removed: their name stands in the audit trail."""

    async def add(self, user: User) -> bool:
        """False: somebody has this name already."""
        ...

    async def add_first(self, user: User) -> bool:
        """False: there is somebody already."""
        ...

    async def any(self) -> bool: ...
    async def get(self, user_id: str) -> User | None: ...
    async def named(self, name: str) -> User | None: ...
    async def list(self) -> Sequence[User]: ...
    async def save(self, user: User) -> None: ...
    async def signed_in(self, user_id: str, *, at: datetime) -> None: ...
    async def limited_labels(self) -> frozenset[str]: ...
    async def set_up_code(self) -> str | None:
        """The hash of the code for the first admin, while there is no user."""
        ...

    async def replace_set_up_code(self, code_hash: str) -> None: ...


class Passwords(Protocol):
    """Slow by design, and bounded in how many at once."""

    async def hash(self, password: str) -> str: ...
    async def matches(self, password_hash: str | None, password: str) -> bool:
        """None, for nobody's, takes as long as any and never matches."""
        ...


@dataclass(frozen=True, slots=True)
class AttemptLimit:
    """`most` attempts at once, then one more every `one_more_every_seconds`."""

    most: int
    one_more_every_seconds: float


class Attempts(Protocol):
    """Counts attempts in the database, so that several processes are no several chances."""

    async def take(self, limits: Mapping[str, AttemptLimit]) -> float | None:
        """Count one for each key, or, where one has none left, for none: the seconds to wait."""
        ...

    async def give_back(self, limits: Mapping[str, AttemptLimit]) -> None: ...
    async def trust(self, device: str, *, user_id: str) -> None: ...
    async def is_trusted(self, device: str, *, user_id: str) -> bool: ...
