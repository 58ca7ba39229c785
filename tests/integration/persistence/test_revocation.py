"""Whoever is dismissed by one process is refused by every other at its next request."""

from dataclasses import replace

import pytest
from tests.support.workers import NOW

from cmlfleet.api.authentication import Authenticator
from cmlfleet.api.problems import NotSignedIn
from cmlfleet.application.commands.create_token_command import (
    CreateTokenCommand,
    CreateTokenCommandHandler,
    RevokeTokenCommand,
    RevokeTokenCommandHandler,
)
from cmlfleet.application.commands.session_commands import (
    EndMySessionsCommand,
    EndMySessionsCommandHandler,
    OpenSessionCommand,
    OpenSessionCommandHandler,
)
from cmlfleet.application.ports.sessions import user_holder
from cmlfleet.application.ports.users import User
from cmlfleet.application.principal import SYSTEM, Principal, Role
from cmlfleet.persistence.storage import Storage


def _process(storage: Storage) -> Authenticator:
    return Authenticator(
        tokens=storage.tokens,
        users=storage.users,
        sessions=storage.sessions,
        bootstrap_token=None,
        knows_provider=False,
        clock=lambda: NOW,
    )


async def test_a_revoked_token_and_the_sessions_it_opened(storage: Storage, other: Storage) -> None:
    elsewhere = _process(other)
    creating = CreateTokenCommandHandler(tokens=storage.tokens, clock=lambda: NOW)
    made = await creating.handle_async(CreateTokenCommand(name="ci", role=Role.OPERATOR), SYSTEM)
    holder = await elsewhere.holder_of_token(made.token)
    opening = OpenSessionCommandHandler(sessions=other.sessions, clock=lambda: NOW)
    session = await opening.handle_async(OpenSessionCommand(), holder)
    assert (await elsewhere.holder_of_session(session.session_id)).name == "ci"

    revoking = RevokeTokenCommandHandler(tokens=storage.tokens)
    await revoking.handle_async(RevokeTokenCommand(token_id=made.record.id), SYSTEM)

    with pytest.raises(NotSignedIn):
        await elsewhere.holder_of_token(made.token)
    with pytest.raises(NotSignedIn):
        await elsewhere.holder_of_session(session.session_id)


async def test_a_user_who_is_disabled_limited_or_signs_out_everywhere(storage: Storage, other: Storage) -> None:
    elsewhere = _process(other)
    user = User(id="u-1", name="ann", role=Role.ADMIN, created_at=NOW, password_hash="x")
    await storage.users.add(user)
    ann = Principal("ann", Role.ADMIN, holder=user_holder("u-1"))
    opening = OpenSessionCommandHandler(sessions=other.sessions, clock=lambda: NOW)
    first = await opening.handle_async(OpenSessionCommand(), ann)
    assert (await elsewhere.holder_of_session(first.session_id)).role is Role.ADMIN

    await storage.users.save(replace(user, role=Role.VIEWER))
    assert (await elsewhere.holder_of_session(first.session_id)).role is Role.VIEWER
    await storage.users.save(replace(user, disabled=True))
    with pytest.raises(NotSignedIn):
        await elsewhere.holder_of_session(first.session_id)

    await storage.users.save(user)
    second = await opening.handle_async(OpenSessionCommand(), ann)
    ending = EndMySessionsCommandHandler(sessions=storage.sessions)
    await ending.handle_async(EndMySessionsCommand(), ann)
    for session in (first, second):
        with pytest.raises(NotSignedIn):
            await elsewhere.holder_of_session(session.session_id)
