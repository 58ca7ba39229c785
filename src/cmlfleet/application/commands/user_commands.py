"""People who sign in with a password of our own."""

import hmac
import secrets
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from cmlfleet.application.attempt_limits import OF_AN_ACCOUNT, OF_AN_ADDRESS, counted_as, take_attempt
from cmlfleet.application.changes import note_change
from cmlfleet.application.clock import Clock
from cmlfleet.application.commands.create_token_command import check_name, token_hash
from cmlfleet.application.commands.sign_in_command import LONGEST_PASSWORD
from cmlfleet.application.errors import InvalidRequest, SignInRefused, UserNotFound
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.sessions import SessionStore, user_holder
from cmlfleet.application.ports.users import Attempts, Passwords, User, UserStore
from cmlfleet.application.principal import Principal, Role
from cmlfleet.application.queries.views import UserView
from cmlfleet.application.team_limit import TeamLimit

LEAST_PASSWORD = 12  # characters


def user_view(user: User) -> UserView:
    """Without what the password is checked with."""
    return UserView(
        id=user.id,
        name=user.name,
        role=user.role.value,
        limit=user.limit,
        disabled=user.disabled,
        created_at=user.created_at,
        last_signed_in_at=user.last_signed_in_at,
    )


def check_password(password: str, *, name: str) -> None:
    """Raises InvalidRequest for one that is too short, too long, or the name."""
    if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidRequest(f"a password has {LEAST_PASSWORD} to {LONGEST_PASSWORD} characters")
    if password.casefold() == name.casefold():
        raise InvalidRequest("a password is not the user's name")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUserCommand(Message[UserView]):
    """Somebody new."""

    name: str
    role: Role
    limit: TeamLimit | None = None
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpCommand(Message[UserView]):
    """The first admin, by whoever has the code that `cmlfleet serve` printed."""

    code: str = field(repr=False)
    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateUserCommand(Message[UserView]):
    """What is None stays. `changes_limit` tells no limit from no word about it. A new password ends the sessions."""

    user_id: str
    role: Role | None = None
    limit: TeamLimit | None = None
    changes_limit: bool = False
    disabled: bool | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePasswordCommand(Message[None]):
    """One's own; one is signed out everywhere, here too."""

    present: str = field(repr=False)
    new: str = field(repr=False)


class UserCommandsHandler:
    """Raises InvalidRequest, UserNotFound, SignInRefused, TooManyAttempts and StorageUnavailable."""

    def __init__(
        self, *, users: UserStore, passwords: Passwords, attempts: Attempts, sessions: SessionStore, clock: Clock
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._attempts = attempts
        self._sessions = sessions
        self._clock = clock

    async def handle_async(
        self,
        message: CreateUserCommand | SetUpCommand | UpdateUserCommand | ChangePasswordCommand,
        principal: Principal,
    ) -> Any:
        """Carry out one of them."""
        if isinstance(message, CreateUserCommand):
            return await self._create(message)
        if isinstance(message, SetUpCommand):
            return await self._set_up(message, principal)
        if isinstance(message, UpdateUserCommand):
            return await self._update(message)
        return await self._change_password(message, principal)

    async def _create(self, message: CreateUserCommand) -> UserView:
        user = await self._new(message.name, message.password, role=message.role, limit=message.limit)
        if not await self._users.add(user):
            raise InvalidRequest(f"there is a user called {user.name!r} already")
        note_change("user", before=None, after=user_view(user))
        return user_view(user)

    async def _set_up(self, message: SetUpCommand, principal: Principal) -> UserView:
        limits = {f"address {counted_as(principal.address)}": OF_AN_ADDRESS}
        await take_attempt(self._attempts, limits)
        expected = await self._users.set_up_code()
        if expected is None or not hmac.compare_digest(expected, token_hash(message.code.strip())):
            raise SignInRefused
        user = await self._new(message.name, message.password, role=Role.ADMIN, limit=None)
        if not await self._users.add_first(user):
            raise SignInRefused
        await self._attempts.give_back(limits)
        note_change("user", before=None, after=user_view(user))
        return user_view(user)

    async def _update(self, message: UpdateUserCommand) -> UserView:
        before = await self._users.get(message.user_id)
        if before is None:
            raise UserNotFound(message.user_id)
        after = replace(
            before,
            role=message.role or before.role,
            limit=message.limit if message.changes_limit else before.limit,
            disabled=before.disabled if message.disabled is None else message.disabled,
        )
        if message.password is not None:
            check_password(message.password, name=after.name)
            after = replace(after, password_hash=await self._passwords.hash(message.password))
        await self._users.save(after)
        note_change("user", before=user_view(before), after=user_view(after))
        if message.password is not None or after.disabled:
            await self._sessions.remove_of(user_holder(after.id))
        return user_view(after)

    async def _change_password(self, message: ChangePasswordCommand, principal: Principal) -> None:
        user = await self._users.get((principal.holder or "").partition(":")[2])
        if user is None or principal.holder != user_holder(user.id):
            raise InvalidRequest("only who signed in with a password has one to change")
        limits = {f"account {token_hash(user.name.casefold())}": OF_AN_ACCOUNT}
        await take_attempt(self._attempts, limits)
        check_password(message.new, name=user.name)
        if not await self._passwords.matches(user.password_hash, message.present[:LONGEST_PASSWORD]):
            raise SignInRefused
        await self._attempts.give_back(limits)
        await self._users.save(replace(user, password_hash=await self._passwords.hash(message.new)))
        note_change("password", before=None, after={"user": user.name})
        await self._sessions.remove_of(user_holder(user.id))

    async def _new(self, name: str, password: str, *, role: Role, limit: TeamLimit | None) -> User:
        name = check_name(name)
        check_password(password, name=name)
        return User(
            id=f"u-{uuid4().hex[:16]}",
            name=name,
            role=role,
            limit=limit,
            created_at=self._clock(),
            password_hash=await self._passwords.hash(password),
        )


async def new_set_up_code(users: UserStore) -> str | None:
    """A code for the first admin, in place of any earlier one; None: there is somebody already."""
    if await users.any():
        return None
    code = secrets.token_hex(16)
    await users.replace_set_up_code(token_hash(code))
    return code
