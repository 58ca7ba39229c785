"""Who is asking: a bearer token, the configured one or one that an administrator made."""

import hmac
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from fastapi import Request, Response
from fastapi.routing import APIRoute

from cmlfleet.api.problems import NotSignedIn
from cmlfleet.application.clock import Clock
from cmlfleet.application.commands.create_token_command import token_hash
from cmlfleet.application.ports.storage import TokenStore
from cmlfleet.application.principal import Principal, Role


class Authenticator(Protocol):
    """Tells whose token it is. Raises NotSignedIn."""

    async def principal_of(self, token: str) -> Principal: ...


class TokenAuthenticator:
    """The bootstrap token is an administrator's; every other is looked up by its hash at each request, so that a
    revocation acts at once."""

    def __init__(self, *, tokens: TokenStore, bootstrap_token: str | None, clock: Clock) -> None:
        self._tokens = tokens
        self._bootstrap_token = None if bootstrap_token is None else bootstrap_token.encode()
        self._clock = clock

    async def principal_of(self, token: str) -> Principal:
        """Raises NotSignedIn and StorageUnavailable."""
        presented = token.encode()
        if self._bootstrap_token is not None and hmac.compare_digest(presented, self._bootstrap_token):
            return Principal("bootstrap", Role.ADMIN)
        record = await self._tokens.find(token_hash(token))
        if record is None or (record.expires_at is not None and record.expires_at <= self._clock()):
            raise NotSignedIn("the token is not known, was revoked or has expired")
        return Principal(record.name, Role(record.role), record.limit)


async def signed_in(request: Request) -> Principal:
    """Who sent the request. Raises NotSignedIn and StorageUnavailable."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedIn("send a token: Authorization: Bearer TOKEN (cmlfleet token create makes one)")
    authenticator: Authenticator = request.app.state.authenticator
    return await authenticator.principal_of(token.strip())


class SignedInRoute(APIRoute):
    """A route that asks who is there before it reads anything: FastAPI parses bodies before its dependencies."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Raises NotSignedIn and StorageUnavailable in place of the route's own answer."""
        handle = super().get_route_handler()

        async def handle_signed_in(request: Request) -> Response:
            request.state.principal = await signed_in(request)
            return await handle(request)

        return handle_signed_in


def principal_of(request: Request) -> Principal:
    """Whom a `SignedInRoute` found."""
    return request.state.principal
