"""Signing in by OpenID Connect: the authorization code flow with PKCE, state and nonce."""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from cmlfleet.application.attempt_limits import AT_A_PROVIDER, counted_as, take_attempt
from cmlfleet.application.changes import note_change
from cmlfleet.application.clock import Clock
from cmlfleet.application.commands.create_token_command import TOKEN_BYTES, token_hash
from cmlfleet.application.commands.session_commands import open_session
from cmlfleet.application.commands.sign_in_command import SignedIn, new_device
from cmlfleet.application.errors import InvalidRequest, NotVouchedFor
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.identity_provider import IdentityProvider, OpenIDAttempt, OpenIDAttempts
from cmlfleet.application.ports.sessions import SessionStore, provider_holder
from cmlfleet.application.ports.users import Attempts
from cmlfleet.application.principal import Principal

LONGEST_ATTEMPT = timedelta(minutes=10)  # to sign in over there, with a second factor
_ANYBODY = "of the provider"  # who it will be is not known when a sign-in begins


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunSignIn:
    """Where the browser goes, and what it has to bring back."""

    url: str
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginOpenIDCommand(Message[BegunSignIn]):
    """Off to the provider, which answers to `redirect_uri`. `device` is what an earlier sign-in gave this browser."""

    redirect_uri: str
    device: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishOpenIDCommand(Message[SignedIn]):
    """What the provider sent the browser back with, and what the browser kept."""

    code: str = field(repr=False)
    state: str = field(repr=False)
    browser: str | None = field(default=None, repr=False)
    replaces: str | None = field(default=None, repr=False)


class OpenIDCommandsHandler:
    """Raises InvalidRequest without a provider, TooManyAttempts, NotVouchedFor, ProviderUnavailable and
    StorageUnavailable. `attempts` are those under way; `counted` are how many were begun, or made up, from where: a
    browser in which somebody signed in before counts for itself, so that nobody else locks it out."""

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
    ) -> BegunSignIn | SignedIn:
        """Carry out one of them."""
        if self._provider is None:
            raise InvalidRequest("no OpenID provider is configured")
        if isinstance(message, BeginOpenIDCommand):
            return await self._begin(self._provider, message, principal)
        return await self._finish(self._provider, message, principal)

    async def _begin(
        self, provider: IdentityProvider, message: BeginOpenIDCommand, principal: Principal
    ) -> BegunSignIn:
        device = message.device
        if device is not None and await self._counted.is_trusted(device, user_id=_ANYBODY):
            await take_attempt(self._counted, {f"provider {token_hash(device)}": AT_A_PROVIDER})
        else:
            await self._count(principal)
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

    async def _count(self, principal: Principal) -> None:
        await take_attempt(self._counted, {f"provider {counted_as(principal.address)}": AT_A_PROVIDER})

    async def _finish(
        self, provider: IdentityProvider, message: FinishOpenIDCommand, principal: Principal
    ) -> SignedIn:
        attempt = await self._attempts.take(token_hash(message.state))
        now = self._clock()
        if attempt is None or now - attempt.begun_at > LONGEST_ATTEMPT:
            await self._count(principal)
            raise NotVouchedFor("this sign-in was not begun here, is over, or took too long: begin again")
        if not hmac.compare_digest(attempt.browser_hash, token_hash(message.browser or "")):
            await self._count(principal)
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
        session = await open_session(
            self._sessions,
            holder=provider_holder(vouched.subject),
            identity=identity,
            replaces=message.replaces,
            now=now,
        )
        device = new_device()
        await self._counted.trust(device, user_id=_ANYBODY)
        return SignedIn(session=session, device=device)
