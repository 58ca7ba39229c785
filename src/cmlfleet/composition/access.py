"""Who may sign in: the messages that the service and the commands beside its database have in common."""

import getpass
from typing import Any

from cmlfleet.application.access import ACCESS
from cmlfleet.application.auditing import Auditing
from cmlfleet.application.authorisation import Authorisation
from cmlfleet.application.clock import Clock
from cmlfleet.application.commands import (
    create_token_command,
    openid_commands,
    session_commands,
    sign_in_command,
    user_commands,
)
from cmlfleet.application.mediator import Mediator, Registration
from cmlfleet.application.ports.identity_provider import IdentityProvider
from cmlfleet.application.principal import Kind, Principal, Role
from cmlfleet.application.queries import get_sign_in_options_query, list_tokens_query, list_users_query
from cmlfleet.application.services.refused_attempts import RefusedAttempts
from cmlfleet.integration.passwords import Argon2Passwords
from cmlfleet.persistence.storage import Storage
from cmlfleet.settings import Settings


def access_messages(storage: Storage, clock: Clock, *, provider: IdentityProvider | None) -> list[tuple[Any, Any]]:
    """Each with its handler."""
    passwords = Argon2Passwords()
    openid = openid_commands.OpenIDCommandsHandler(
        provider=provider,
        attempts=storage.openid_attempts,
        counted=storage.attempts,
        sessions=storage.sessions,
        clock=clock,
    )
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
            session_commands.CloseSessionCommandHandler(sessions=storage.sessions, provider=provider),
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
        (openid_commands.BeginOpenIDCommand, openid),
        (openid_commands.FinishOpenIDCommand, openid),
        (user_commands.CreateUserCommand, users),
        (user_commands.SetUpCommand, users),
        (user_commands.UpdateUserCommand, users),
        (user_commands.ChangePasswordCommand, users),
        (
            get_sign_in_options_query.GetSignInOptionsQuery,
            get_sign_in_options_query.GetSignInOptionsQueryHandler(users=storage.users, openid=provider is not None),
        ),
        (list_users_query.ListUsersQuery, list_users_query.ListUsersQueryHandler(users=storage.users)),
        (
            list_tokens_query.ListTokensQuery,
            list_tokens_query.ListTokensQueryHandler(tokens=storage.tokens),
        ),
    ]


def identity_provider(settings: Settings) -> IdentityProvider | None:
    """The configured one."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    # Imported only where it is wanted: its libraries are a twentieth of an idle service's memory.
    from cmlfleet.integration.openid.claims import ClaimRules  # noqa: PLC0415 - as above
    from cmlfleet.integration.openid.provider import OpenIDProvider, ProviderSettings  # noqa: PLC0415 - as above

    rules = ClaimRules(
        role_claim=settings.oidc_role_claim,
        roles={value: Role(role) for value, role in settings.oidc_role_map.items()},
        limit_claim=settings.oidc_limit_claim,
        limit_label=settings.oidc_limit_label,
    )
    return OpenIDProvider(
        ProviderSettings(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            rules=rules,
        )
    )


async def limited_labels(storage: Storage, settings: Settings) -> frozenset[str]:
    """The keys of labels that team limits use: of tokens, of users, and of those whom a provider vouches for."""
    of_provider = frozenset({settings.oidc_limit_label} if settings.oidc_limit_claim else ())
    return of_provider | await storage.tokens.limited_labels() | await storage.users.limited_labels()


def server_mediator(storage: Storage, clock: Clock) -> Mediator:
    """For commands that run where the database is: the same pipeline, the same audit trail."""
    # An entry that cannot be written fails the command before whoever runs it; nobody scrapes a count.
    strangers = RefusedAttempts(trail=storage.audit, clock=clock, observe_failure=lambda: None)
    return Mediator(
        [Registration(message, handler) for message, handler in access_messages(storage, clock, provider=None)],
        pipeline=(
            Auditing(ACCESS, trail=storage.audit, strangers=strangers, clock=clock, observe_failure=lambda: None),
            Authorisation(ACCESS, find_worker=storage.workers.load),
        ),
    )


def server_principal() -> Principal:
    """Who runs a command on the server: whoever can read the database may do everything."""
    return Principal(getpass.getuser(), Role.ADMIN, kind=Kind.SERVER)
