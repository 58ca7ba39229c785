"""Somebody else who vouches for people: an OpenID provider."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cmlfleet.application.ports.sessions import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIDAttempt:
    """A sign-in under way. `browser_hash` is that of what only the browser which began it holds."""

    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    browser_hash: str
    redirect_uri: str
    begun_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VouchedFor:
    """`subject` is who it is for good, the identity what the provider says of them now."""

    subject: str
    identity: Identity


class OpenIDAttempts(Protocol):
    """Sign-ins under way, by the hash of their state; each can be taken once, by one process."""

    async def add(self, attempt: OpenIDAttempt, *, state_hash: str) -> None: ...
    async def take(self, state_hash: str) -> OpenIDAttempt | None: ...


class IdentityProvider(Protocol):
    """Raises `ProviderUnavailable` where the provider does not answer, `NotVouchedFor` for what it does not say."""

    async def sign_in_url(self, *, state: str, nonce: str, verifier: str, redirect_uri: str) -> str: ...
    async def vouch(self, *, code: str, nonce: str, verifier: str, redirect_uri: str) -> VouchedFor: ...
    async def sign_out_url(self, id_token: str) -> str | None: ...
