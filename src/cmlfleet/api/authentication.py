"""Who is asking: a bearer token, the configured one or one that an administrator made, or a signed-in browser."""

import hmac
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from cmlfleet.api.browser import refuse_cross_site, session_id_of
from cmlfleet.api.problems import CrossSiteRequest, NotSignedIn
from cmlfleet.application.clock import Clock
from cmlfleet.application.commands.create_token_command import token_hash
from cmlfleet.application.commands.session_commands import has_ended
from cmlfleet.application.ports.sessions import Session, SessionStore, token_holder
from cmlfleet.application.ports.storage import TokenStore
from cmlfleet.application.ports.users import UserStore
from cmlfleet.application.principal import Kind, Principal, Role
from cmlfleet.application.services.refused_attempts import RefusedAttempts

NOTE_USE_EVERY = timedelta(minutes=1)  # of a session or token: reading must not write a row for each request


class Authenticator:
    """The bootstrap token is an administrator's; every other is looked up by its hash at each request, so that a
    revocation acts at once, on the sessions that were opened with it too. `knows_provider`: an OpenID provider is
    configured, and the sessions of those whom it vouched for go on."""

    def __init__(
        self,
        *,
        tokens: TokenStore,
        users: UserStore,
        sessions: SessionStore,
        bootstrap_token: str | None,
        knows_provider: bool,
        clock: Clock,
    ) -> None:
        self._tokens = tokens
        self._users = users
        self._knows_provider = knows_provider
        self._sessions = sessions
        self._bootstrap_hash = None if bootstrap_token is None else token_hash(bootstrap_token)
        self._clock = clock

    async def holder_of_token(self, token: str) -> Principal:
        """Raises NotSignedIn and StorageUnavailable."""
        holder = await self._holder_of_hash(token_hash(token))
        if holder is None:
            raise NotSignedIn("the token is not known, was revoked or has expired")
        return holder

    async def holder_of_session(self, session_id: str) -> Principal:
        """Raises NotSignedIn and StorageUnavailable."""
        id_hash, now = token_hash(session_id), self._clock()
        session = await self._sessions.find(id_hash)
        holder = None
        if session is not None and not has_ended(session, now=now):
            holder = await self._holder_of(session)
        if session is None or holder is None:
            raise NotSignedIn("the session has ended: sign in again")
        if now - session.last_used_at >= NOTE_USE_EVERY:
            await self._sessions.used(id_hash, at=now)
        return holder

    async def _holder_of(self, session: Session) -> Principal | None:
        kind, _, name = session.holder.partition(":")
        if kind == "token":
            return await self._holder_of_hash(name)
        if kind == "user":
            user = await self._users.get(name)
            if user is None or user.disabled:
                return None
            return Principal(user.name, user.role, user.limit, kind=Kind.USER, holder=session.holder)
        identity = session.identity
        if identity is None or not self._knows_provider:
            return None
        return Principal(identity.name, identity.role, identity.limit, kind=Kind.OPENID, holder=session.holder)

    async def _holder_of_hash(self, presented: str) -> Principal | None:
        if self._bootstrap_hash is not None and hmac.compare_digest(presented, self._bootstrap_hash):
            return Principal("bootstrap", Role.ADMIN, kind=Kind.BOOTSTRAP, holder=token_holder(presented))
        record = await self._tokens.find(presented)
        now = self._clock()
        if record is None or (record.expires_at is not None and record.expires_at <= now):
            return None
        if record.last_used_at is None or now - record.last_used_at >= NOTE_USE_EVERY:
            await self._tokens.used(record.id, at=now)
        holder = token_holder(presented)
        return Principal(record.name, Role(record.role), record.limit, kind=Kind.TOKEN, holder=holder)


def address_of(request: Request) -> str | None:
    """Where a request comes from; behind a proxy that uvicorn trusts, what the proxy says."""
    return None if request.client is None else request.client.host


@asynccontextmanager
async def refusals_noted(request: Request) -> AsyncGenerator[None]:
    """Who is refused at the door stands in the audit trail too."""
    try:
        yield
    except (NotSignedIn, CrossSiteRequest) as refusal:
        attempts: RefusedAttempts = request.app.state.refused_attempts
        attempt = f"{request.method} {request.url.path}"
        await attempts.note(address=address_of(request), attempt=attempt, why=str(refusal))
        raise


async def signed_in(request: Request) -> Principal:
    """Who sent the request; a refusal is noted. Raises NotSignedIn, CrossSiteRequest and StorageUnavailable."""
    async with refusals_noted(request):
        return await sender_of(request)


async def sender_of(request: Request) -> Principal:
    """Who sent the request, and from where. Raises NotSignedIn, CrossSiteRequest and StorageUnavailable."""
    return replace(await _holder_of_credentials(request), address=address_of(request))


async def _holder_of_credentials(request: Request) -> Principal:
    authenticator: Authenticator = request.app.state.authenticator
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return await authenticator.holder_of_token(token.strip())
    session_id = session_id_of(request)
    if scheme or session_id is None:
        raise NotSignedIn("send a token: Authorization: Bearer TOKEN (cmlfleet token create makes one)")
    holder = await authenticator.holder_of_session(session_id)
    refuse_cross_site(request)
    return holder


class SignedInRoute(APIRoute):
    """A route that asks who is there before it reads anything: FastAPI parses bodies before its dependencies."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Raises NotSignedIn, CrossSiteRequest and StorageUnavailable in place of the route's own answer."""
        handle = super().get_route_handler()

        async def handle_signed_in(request: Request) -> Response:
            request.state.principal = await signed_in(request)
            return await handle(request)

        return handle_signed_in


def principal_of(request: Request) -> Principal:
    """Whom a `SignedInRoute` found."""
    return request.state.principal
