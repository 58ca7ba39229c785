"""API tokens: shown once, stored as a hash, revoked at once."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from cmlfleet.application.changes import note_change
from cmlfleet.application.clock import Clock
from cmlfleet.application.errors import InvalidRequest, TokenNameTaken, TokenNotFound
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.storage import ApiToken, TokenStore
from cmlfleet.application.principal import ANYONE, DISCOVERY, SCHEDULE, SYSTEM, Principal, Role
from cmlfleet.application.team_limit import TeamLimit

RESERVED_NAMES = frozenset({SYSTEM.name, SCHEDULE.name, DISCOVERY.name, ANYONE.name, "bootstrap"})
TOKEN_BYTES = 32  # 256 random bits: nothing to guess, so a plain SHA-256 stores it safely
TOKEN_PREFIX = "cmlf_"  # noqa: S105 - lets secret scanners and people tell what they have found


def token_hash(token: str) -> str:
    """How a token is stored and looked up."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_name(name: str) -> str:
    """Without blanks around it. Raises InvalidRequest for none, and for what the service calls its own parts."""
    name = name.strip()
    if not name:
        raise InvalidRequest("a name is needed")
    if name.casefold() in RESERVED_NAMES:
        raise InvalidRequest(f"{name!r} is what the service calls a part of its own")
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedToken:
    """`token` is shown this once."""

    token: str = field(repr=False)
    record: ApiToken


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTokenCommand(Message[CreatedToken]):
    """A token for automation or a person, with a role, perhaps a team limit and an end."""

    name: str
    role: Role
    limit: TeamLimit | None = None
    expires_at: datetime | None = None


class CreateTokenCommandHandler:
    """Raises InvalidRequest, TokenNameTaken and StorageUnavailable."""

    def __init__(self, *, tokens: TokenStore, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock

    async def handle_async(self, message: CreateTokenCommand, principal: Principal) -> CreatedToken:
        """The new token, with its text."""
        now = self._clock()
        name = check_name(message.name)
        if message.expires_at is not None and message.expires_at <= now:
            raise InvalidRequest("expires_at lies in the past")
        await self._check_free(name, now=now)
        token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        record = ApiToken(
            id=f"t-{uuid4().hex[:16]}",
            name=name,
            role=message.role.value,
            created_at=now,
            limit=message.limit,
            expires_at=message.expires_at,
        )
        await self._tokens.add(record, token_hash=token_hash(token))
        note_change("token", before=None, after=record)
        return CreatedToken(token=token, record=record)

    async def _check_free(self, name: str, *, now: datetime) -> None:
        for other in await self._tokens.list():
            is_over = other.expires_at is not None and other.expires_at <= now
            if other.name.casefold() == name.casefold() and not is_over:
                raise TokenNameTaken(other.name, other.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeTokenCommand(Message[None]):
    """The token stops working at once."""

    token_id: str


class RevokeTokenCommandHandler:
    """Raises TokenNotFound and StorageUnavailable."""

    def __init__(self, *, tokens: TokenStore) -> None:
        self._tokens = tokens

    async def handle_async(self, message: RevokeTokenCommand, principal: Principal) -> None:
        """Revoke it."""
        revoked = await self._tokens.revoke(message.token_id)
        if revoked is None:
            raise TokenNotFound(message.token_id)
        note_change("token", before=revoked, after=None)
