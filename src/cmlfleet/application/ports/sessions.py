"""Where the console's sessions live. Every method may raise `StorageUnavailable`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cmlfleet.application.principal import Role
from cmlfleet.application.team_limit import TeamLimit


def token_holder(token_hash: str) -> str:
    """Whoever has the API token with this hash."""
    return f"token:{token_hash}"


def user_holder(user_id: str) -> str:
    """A user of our own."""
    return f"user:{user_id}"


def provider_holder(subject: str) -> str:
    """Somebody whom the OpenID provider knows by this."""
    return f"oidc:{subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What an OpenID provider said of somebody at sign-in; `id_token` is for signing out there."""

    name: str
    role: Role
    limit: TeamLimit | None = None
    id_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser. Who it is and what they may do is asked of the holder's record at each request, so that a
    revoked token or a disabled user ends its sessions at once; `identity` where we keep no record of the holder."""

    holder: str
    identity: Identity | None = None
    created_at: datetime
    last_used_at: datetime


class SessionStore(Protocol):
    """Sessions by the SHA-256 hash of the id that the browser holds."""

    async def add(self, session: Session, *, id_hash: str) -> None: ...
    async def find(self, id_hash: str) -> Session | None: ...
    async def used(self, id_hash: str, *, at: datetime) -> None: ...
    async def remove(self, id_hash: str) -> bool: ...
    async def remove_of(self, holder: str) -> int:
        """Everything that the holder is signed in with; answers how many."""
        ...

    async def remove_ended(self, *, created_before: datetime, used_before: datetime) -> int:
        """Drop those that are too old or were left alone too long; answers how many."""
        ...
