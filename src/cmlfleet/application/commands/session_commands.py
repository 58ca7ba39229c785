"""Signing in to the console and out of it."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from cmlfleet.application.changes import note_change
from cmlfleet.application.clock import Clock
from cmlfleet.application.commands.create_token_command import TOKEN_BYTES, token_hash
from cmlfleet.application.errors import InvalidRequest, ProviderUnavailable
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.identity_provider import IdentityProvider
from cmlfleet.application.ports.sessions import Identity, Session, SessionStore
from cmlfleet.application.principal import Principal

LONGEST = timedelta(days=7)
LONGEST_IDLE = timedelta(hours=12)  # over night; an open console asks something every minute

logger = structlog.get_logger(__name__)


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
    """A session for the sender, who presented an API token; `replaces` is the session that it ends."""

    replaces: str | None = field(default=None, repr=False)


class OpenSessionCommandHandler:
    """Raises InvalidRequest and StorageUnavailable."""

    def __init__(self, *, sessions: SessionStore, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def handle_async(self, message: OpenSessionCommand, principal: Principal) -> OpenedSession:
        """The new session; those that ended are swept away with it."""
        if principal.holder is None:
            raise InvalidRequest("only who presents a token opens a session with it")
        return await open_session(
            self._sessions, holder=principal.holder, replaces=message.replaces, now=self._clock()
        )


async def open_session(
    sessions: SessionStore, *, holder: str, replaces: str | None, now: datetime, identity: Identity | None = None
) -> OpenedSession:
    """A new id at each sign-in: one that somebody else planted in the browser is worth nothing afterwards."""
    await sessions.remove_ended(created_before=now - LONGEST, used_before=now - LONGEST_IDLE)
    if replaces is not None:
        await sessions.remove(token_hash(replaces))
    session_id = secrets.token_urlsafe(TOKEN_BYTES)
    session = Session(holder=holder, identity=identity, created_at=now, last_used_at=now)
    await sessions.add(session, id_hash=token_hash(session_id))
    return OpenedSession(session_id=session_id, ends_at=now + LONGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSessionCommand(Message[str | None]):
    """The session ends at once; one that is not there has ended. Answers where to sign out of the OpenID provider."""

    session_id: str = field(repr=False)


class CloseSessionCommandHandler:
    """Raises StorageUnavailable. A provider that does not answer keeps nobody signed in here."""

    def __init__(self, *, sessions: SessionStore, provider: IdentityProvider | None) -> None:
        self._sessions = sessions
        self._provider = provider

    async def handle_async(self, message: CloseSessionCommand, principal: Principal) -> str | None:
        """Forget it."""
        id_hash = token_hash(message.session_id)
        session = await self._sessions.find(id_hash)
        await self._sessions.remove(id_hash)
        identity = None if session is None else session.identity
        if self._provider is None or identity is None or identity.id_token is None:
            return None
        try:
            return await self._provider.sign_out_url(identity.id_token)
        except ProviderUnavailable as error:
            logger.warning("provider_sign_out_skipped", error=str(error))
            return None


@dataclass(frozen=True, slots=True)
class EndMySessionsCommand(Message[None]):
    """Signed out everywhere, in every browser and process at once."""


class EndMySessionsCommandHandler:
    """Raises StorageUnavailable."""

    def __init__(self, *, sessions: SessionStore) -> None:
        self._sessions = sessions

    async def handle_async(self, message: EndMySessionsCommand, principal: Principal) -> None:
        """All that were opened by the sender."""
        if principal.holder is not None:
            ended = await self._sessions.remove_of(principal.holder)
            note_change("sessions", before=ended, after=0)
