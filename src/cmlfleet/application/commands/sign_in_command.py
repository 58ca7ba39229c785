"""Signing in with a name and a password."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from cmlfleet.application.attempt_limits import (
    OF_A_DEVICE,
    OF_AN_ACCOUNT,
    OF_AN_ADDRESS,
    counted_as,
    take_attempt,
)
from cmlfleet.application.changes import note_change
from cmlfleet.application.clock import Clock
from cmlfleet.application.commands.create_token_command import token_hash
from cmlfleet.application.commands.session_commands import OpenedSession, open_session
from cmlfleet.application.errors import SignInRefused
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.sessions import SessionStore, user_holder
from cmlfleet.application.ports.users import AttemptLimit, Attempts, Passwords, UserStore
from cmlfleet.application.principal import Principal

DEVICE_BYTES = 16
LONGEST_PASSWORD = 1024  # characters: hashing takes time with the length


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """`device` is for the browser, which brings it along next time."""

    session: OpenedSession
    device: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInCommand(Message[SignedIn]):
    """The name too stays out of the audit trail until it is somebody's: people type passwords into that field.

    `device` is what an earlier sign-in gave this browser, `replaces` the session that it ends.
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    device: str | None = field(default=None, repr=False)
    replaces: str | None = field(default=None, repr=False)


def new_device() -> str:
    """What a browser is known by from now on."""
    return secrets.token_urlsafe(DEVICE_BYTES)


class SignInCommandHandler:
    """Attempts are limited per address and per account. A browser from which the account signed in before has a limit
    of its own, so that whoever guesses from elsewhere does not lock its owner out."""

    def __init__(
        self, *, users: UserStore, passwords: Passwords, attempts: Attempts, sessions: SessionStore, clock: Clock
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._attempts = attempts
        self._sessions = sessions
        self._clock = clock

    async def handle_async(self, message: SignInCommand, principal: Principal) -> SignedIn:
        """Raises SignInRefused, TooManyAttempts and StorageUnavailable."""
        user = await self._users.named(message.username)
        if user is not None:
            note_change("sign-in", before=None, after={"user": user.name})
        trusted = (
            user is not None
            and message.device is not None
            and await self._attempts.is_trusted(message.device, user_id=user.id)
        )
        limits = self._limits(message, principal.address, trusted=trusted)
        await take_attempt(self._attempts, limits)
        matches = await self._passwords.matches(
            None if user is None else user.password_hash, message.password[:LONGEST_PASSWORD]
        )
        if user is None or user.disabled or not matches:
            raise SignInRefused
        await self._attempts.give_back(limits)
        device = message.device if trusted and message.device is not None else new_device()
        await self._attempts.trust(device, user_id=user.id)
        await self._users.signed_in(user.id, at=self._clock())
        session = await open_session(
            self._sessions, holder=user_holder(user.id), replaces=message.replaces, now=self._clock()
        )
        return SignedIn(session=session, device=device)

    @staticmethod
    def _limits(message: SignInCommand, address: str | None, *, trusted: bool) -> Mapping[str, AttemptLimit]:
        account = token_hash(message.username.casefold())
        if trusted:
            return {f"device {token_hash(message.device or '')} {account}": OF_A_DEVICE}
        return {f"address {counted_as(address)}": OF_AN_ADDRESS, f"account {account}": OF_AN_ACCOUNT}
