"""Who may sign in: the messages that the service and the commands beside its database have in common."""

import getpass
from typing import Any

from cmlfleet.application.access import ACCESS
from cmlfleet.application.auditing import Auditing
from cmlfleet.application.authorisation import Authorisation
from cmlfleet.application.clock import Clock
from cmlfleet.application.commands import create_token_command, session_commands, sign_in_command, user_commands
from cmlfleet.application.mediator import Mediator, Registration
from cmlfleet.application.principal import Kind, Principal, Role
from cmlfleet.application.queries import get_sign_in_options_query, list_tokens_query, list_users_query
from cmlfleet.integration.passwords import Argon2Passwords
from cmlfleet.persistence.storage import Storage


def access_messages(storage: Storage, clock: Clock) -> list[tuple[Any, Any]]:
    """Each with its handler."""
    passwords = Argon2Passwords()
    users = user_commands.UserCommandsHandler(
        users=storage.users,
        passwords=passwords,
        attempts=storage.attempts,
        sessions=storage.sessions,
        clock=clock,
    )
    return [
        (
            create_token_command.CreateTokenCommand,
            create_token_command.CreateTokenCommandHandler(tokens=storage.tokens, clock=clock),
        ),
        (
            create_token_command.RevokeTokenCommand,
            create_token_command.RevokeTokenCommandHandler(tokens=storage.tokens),
        ),
        (
            session_commands.OpenSessionCommand,
            session_commands.OpenSessionCommandHandler(sessions=storage.sessions, clock=clock),
        ),
        (
            session_commands.CloseSessionCommand,
            session_commands.CloseSessionCommandHandler(sessions=storage.sessions),
        ),
        (
            session_commands.EndMySessionsCommand,
            session_commands.EndMySessionsCommandHandler(sessions=storage.sessions),
        ),
        (
            sign_in_command.SignInCommand,
            sign_in_command.SignInCommandHandler(
                users=storage.users,
                passwords=passwords,
                attempts=storage.attempts,
                sessions=storage.sessions,
                clock=clock,
            ),
        ),
        (user_commands.CreateUserCommand, users),
        (user_commands.SetUpCommand, users),
        (user_commands.UpdateUserCommand, users),
        (user_commands.ChangePasswordCommand, users),
        (
            get_sign_in_options_query.GetSignInOptionsQuery,
            get_sign_in_options_query.GetSignInOptionsQueryHandler(users=storage.users, openid=False),
        ),
        (list_users_query.ListUsersQuery, list_users_query.ListUsersQueryHandler(users=storage.users)),
        (
            list_tokens_query.ListTokensQuery,
            list_tokens_query.ListTokensQueryHandler(tokens=storage.tokens),
        ),
    ]


async def limited_labels(storage: Storage) -> frozenset[str]:
    """The keys of labels that team limits use, of tokens and of users."""
    return await storage.tokens.limited_labels() | await storage.users.limited_labels()


def server_mediator(storage: Storage, clock: Clock) -> Mediator:
    """For commands that run where the database is: the same pipeline, the same audit trail."""
    return Mediator(
        [Registration(message, handler) for message, handler in access_messages(storage, clock)],
        pipeline=(
            # An entry that cannot be written fails the command before whoever runs it; nobody scrapes a count.
            Auditing(ACCESS, trail=storage.audit, clock=clock, observe_failure=lambda: None),
            Authorisation(ACCESS, find_worker=storage.workers.load),
        ),
    )


def server_principal() -> Principal:
    """Who runs a command on the server: whoever can read the database may do everything."""
    return Principal(getpass.getuser(), Role.ADMIN, kind=Kind.SERVER)
