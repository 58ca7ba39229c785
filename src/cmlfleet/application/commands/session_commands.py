"""Signing in to the console and out of it."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cmlfleet.application.clock import Clock
from cmlfleet.application.commands.create_token_command import TOKEN_BYTES, token_hash
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.sessions import Session, SessionStore
from cmlfleet.application.principal import Principal

LONGEST = timedelta(days=7)
LONGEST_IDLE = timedelta(hours=12)  # over night; an open console asks something every minute


def has_ended(session: Session, *, now: datetime) -> bool:
    """Too old, or left alone too long."""
    return now - session.created_at >= LONGEST or now - session.last_used_at >= LONGEST_IDLE


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """`session_id` is for the browser alone: only its hash is stored."""

    session_id: str = field(repr=False)
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSessionCommand(Message[OpenedSession]):
    """A session for whoever presented the API token with this hash."""

    token_hash: str = field(repr=False)


class OpenSessionCommandHandler:
    """Raises StorageUnavailable."""

    def __init__(self, *, sessions: SessionStore, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def handle_async(self, message: OpenSessionCommand, principal: Principal) -> OpenedSession:
        """The new session; those that ended are swept away with it."""
        now = self._clock()
        await self._sessions.remove_ended(created_before=now - LONGEST, used_before=now - LONGEST_IDLE)
        session_id = secrets.token_urlsafe(TOKEN_BYTES)
        session = Session(token_hash=message.token_hash, created_at=now, last_used_at=now)
        await self._sessions.add(session, id_hash=token_hash(session_id))
        return OpenedSession(session_id=session_id, ends_at=now + LONGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSessionCommand(Message[None]):
    """The session ends at once; one that is not there has ended."""

    session_id: str = field(repr=False)


class CloseSessionCommandHandler:
    """Raises StorageUnavailable."""

    def __init__(self, *, sessions: SessionStore) -> None:
        self._sessions = sessions

    async def handle_async(self, message: CloseSessionCommand, principal: Principal) -> None:
        """Forget it."""
        await self._sessions.remove(token_hash(message.session_id))
