"""Signing in by OpenID Connect: the authorization code flow with PKCE, state and nonce."""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from cmlfleet.application.attempt_limits import AT_A_PROVIDER, counted_as, take_attempt
from cmlfleet.application.changes import note_change
from cmlfleet.application.clock import Clock
from cmlfleet.application.commands.create_token_command import TOKEN_BYTES, token_hash
from cmlfleet.application.commands.session_commands import OpenedSession, open_session
from cmlfleet.application.errors import InvalidRequest, NotVouchedFor
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.identity_provider import IdentityProvider, OpenIDAttempt, OpenIDAttempts
from cmlfleet.application.ports.sessions import SessionStore, provider_holder
from cmlfleet.application.ports.users import Attempts
from cmlfleet.application.principal import Principal

LONGEST_ATTEMPT = timedelta(minutes=10)  # to sign in over there, with a second factor


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunSignIn:
    """Where the browser goes, and what it has to bring back."""

    url: str
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginOpenIDCommand(Message[BegunSignIn]):
    """Off to the provider, which answers to `redirect_uri`."""

    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishOpenIDCommand(Message[OpenedSession]):
    """What the provider sent the browser back with, and what the browser kept."""

    code: str = field(repr=False)
    state: str = field(repr=False)
    browser: str | None = field(default=None, repr=False)
    replaces: str | None = field(default=None, repr=False)


class OpenIDCommandsHandler:
    """Raises InvalidRequest without a provider, TooManyAttempts, NotVouchedFor, ProviderUnavailable and
    StorageUnavailable. `attempts` are those under way, `counted` how many came from where."""

    def __init__(
        self,
        *,
        provider: IdentityProvider | None,
        attempts: OpenIDAttempts,
        counted: Attempts,
        sessions: SessionStore,
        clock: Clock,
    ) -> None:
        self._provider = provider
        self._attempts = attempts
        self._counted = counted
        self._sessions = sessions
        self._clock = clock

    async def handle_async(
        self, message: BeginOpenIDCommand | FinishOpenIDCommand, principal: Principal
    ) -> BegunSignIn | OpenedSession:
        """Carry out one of them."""
        if self._provider is None:
            raise InvalidRequest("no OpenID provider is configured")
        await take_attempt(self._counted, {f"provider {counted_as(principal.address)}": AT_A_PROVIDER})
        if isinstance(message, BeginOpenIDCommand):
            return await self._begin(self._provider, message)
        return await self._finish(self._provider, message)

    async def _begin(self, provider: IdentityProvider, message: BeginOpenIDCommand) -> BegunSignIn:
        state, nonce, verifier, browser = (secrets.token_urlsafe(TOKEN_BYTES) for _ in range(4))
        url = await provider.sign_in_url(
            state=state, nonce=nonce, verifier=verifier, redirect_uri=message.redirect_uri
        )
        attempt = OpenIDAttempt(
            nonce=nonce,
            verifier=verifier,
            browser_hash=token_hash(browser),
            redirect_uri=message.redirect_uri,
            begun_at=self._clock(),
        )
        await self._attempts.add(attempt, state_hash=token_hash(state))
        return BegunSignIn(url=url, browser=browser)

    async def _finish(self, provider: IdentityProvider, message: FinishOpenIDCommand) -> OpenedSession:
        attempt = await self._attempts.take(token_hash(message.state))
        now = self._clock()
        if attempt is None or now - attempt.begun_at > LONGEST_ATTEMPT:
            raise NotVouchedFor("this sign-in was not begun here, is over, or took too long: begin again")
        if not hmac.compare_digest(attempt.browser_hash, token_hash(message.browser or "")):
            raise NotVouchedFor("this sign-in was begun in another browser")
        vouched = await provider.vouch(
            code=message.code, nonce=attempt.nonce, verifier=attempt.verifier, redirect_uri=attempt.redirect_uri
        )
        identity = vouched.identity
        note_change(
            "sign-in",
            before=None,
            after={"user": identity.name, "role": identity.role.value, "limit": identity.limit},
        )
        return await open_session(
            self._sessions,
            holder=provider_holder(vouched.subject),
            identity=identity,
            replaces=message.replaces,
            now=now,
        )
