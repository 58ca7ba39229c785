"""Who may sign in: the messages that the service and the commands beside its database have in common."""

import getpass
from typing import Any

from cmlfleet.application.access import ACCESS
from cmlfleet.application.auditing import Auditing
from cmlfleet.application.authorisation import Authorisation
from cmlfleet.application.clock import Clock
from cmlfleet.application.commands import create_token_command, session_commands
from cmlfleet.application.mediator import Mediator, Registration
from cmlfleet.application.principal import Kind, Principal, Role
from cmlfleet.application.queries import list_tokens_query
from cmlfleet.persistence.storage import Storage


def access_messages(storage: Storage, clock: Clock) -> list[tuple[Any, Any]]:
    """Each with its handler."""
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
            list_tokens_query.ListTokensQuery,
            list_tokens_query.ListTokensQueryHandler(tokens=storage.tokens),
        ),
    ]


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
