"""Who may send which message: the one table. `docs/reference/access.md` is made from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cmlfleet.application.commands.accept_certificate_command import AcceptCertificateCommand
from cmlfleet.application.commands.compare_certificates_command import CompareCertificatesCommand
from cmlfleet.application.commands.create_token_command import CreateTokenCommand, RevokeTokenCommand
from cmlfleet.application.commands.discover_workers_command import DiscoverWorkersCommand
from cmlfleet.application.commands.forget_worker_command import ForgetWorkerCommand
from cmlfleet.application.commands.import_workers_command import ImportWorkersCommand
from cmlfleet.application.commands.openid_commands import BeginOpenIDCommand, FinishOpenIDCommand
from cmlfleet.application.commands.refresh_worker_metrics_command import RefreshWorkerMetricsCommand
from cmlfleet.application.commands.refresh_workers_command import RefreshWorkersCommand
from cmlfleet.application.commands.session_commands import (
    CloseSessionCommand,
    EndMySessionsCommand,
    OpenSessionCommand,
)
from cmlfleet.application.commands.set_credentials_command import DeleteCredentialsCommand, SetCredentialsCommand
from cmlfleet.application.commands.sign_in_command import SignInCommand
from cmlfleet.application.commands.update_worker_command import UpdateWorkerCommand
from cmlfleet.application.commands.user_commands import (
    ChangePasswordCommand,
    CreateUserCommand,
    SetUpCommand,
    UpdateUserCommand,
)
from cmlfleet.application.mediator import Message
from cmlfleet.application.principal import Role
from cmlfleet.application.queries.audit_queries import ExportAuditQuery, ListAuditQuery
from cmlfleet.application.queries.diagnose_worker_query import DiagnoseWorkerQuery
from cmlfleet.application.queries.follow_changes_query import FollowChangesQuery
from cmlfleet.application.queries.get_certificate_query import GetCertificateQuery
from cmlfleet.application.queries.get_cml_worker_by_id_query import GetCMLWorkerByIdQuery
from cmlfleet.application.queries.get_fleet_query import GetFleetQuery
from cmlfleet.application.queries.get_license_query import GetLicenseQuery
from cmlfleet.application.queries.get_me_query import GetMeQuery
from cmlfleet.application.queries.get_metrics_query import GetMetricsQuery
from cmlfleet.application.queries.get_samples_query import GetSamplesQuery
from cmlfleet.application.queries.get_sign_in_options_query import GetSignInOptionsQuery
from cmlfleet.application.queries.get_system_query import GetSystemQuery
from cmlfleet.application.queries.list_events_query import ListEventsQuery
from cmlfleet.application.queries.list_labs_query import ListLabsQuery
from cmlfleet.application.queries.list_tokens_query import ListTokensQuery
from cmlfleet.application.queries.list_users_query import ListUsersQuery
from cmlfleet.application.queries.list_workers_query import ListWorkersQuery
from cmlfleet.application.queries.operations_queries import GetOperationQuery, ListOperationsQuery


class Reach(StrEnum):
    """How a team limit holds for a message."""

    SELF = "the sender alone"
    WORKER = "one worker, unknown outside the limit"
    WITHIN = "what lies within the limit"
    FLEET = "the whole fleet: refused with a limit"


class Audited(StrEnum):
    """When a message is written into the audit trail; a refused one always is."""

    ALWAYS = "always"
    UNLESS_BY_ITSELF = "unless the service does it by itself"
    WHEN_REFUSED = "when refused"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of message needs, and whether it is written down."""

    role: Role
    reach: Reach
    audited: Audited = Audited.WHEN_REFUSED


ACCESS: Mapping[type[Message[Any]], Rule] = {
    # queries
    GetSignInOptionsQuery: Rule(Role.VIEWER, Reach.SELF),
    GetMeQuery: Rule(Role.VIEWER, Reach.SELF),
    ListWorkersQuery: Rule(Role.VIEWER, Reach.WITHIN),
    GetCMLWorkerByIdQuery: Rule(Role.VIEWER, Reach.WORKER),
    GetSamplesQuery: Rule(Role.VIEWER, Reach.WORKER),
    GetLicenseQuery: Rule(Role.VIEWER, Reach.WORKER),
    GetCertificateQuery: Rule(Role.VIEWER, Reach.WORKER),
    ListLabsQuery: Rule(Role.VIEWER, Reach.WITHIN),
    ListEventsQuery: Rule(Role.VIEWER, Reach.WITHIN),
    GetFleetQuery: Rule(Role.VIEWER, Reach.WITHIN),
    GetOperationQuery: Rule(Role.VIEWER, Reach.WITHIN),
    ListOperationsQuery: Rule(Role.VIEWER, Reach.WITHIN),
    FollowChangesQuery: Rule(Role.VIEWER, Reach.WITHIN),
    GetMetricsQuery: Rule(Role.VIEWER, Reach.WITHIN),
    ListAuditQuery: Rule(Role.ADMIN, Reach.FLEET),
    ExportAuditQuery: Rule(Role.ADMIN, Reach.FLEET),
    GetSystemQuery: Rule(Role.VIEWER, Reach.FLEET),
    ListUsersQuery: Rule(Role.ADMIN, Reach.FLEET),
    ListTokensQuery: Rule(Role.ADMIN, Reach.FLEET),
    # commands
    RefreshWorkerMetricsCommand: Rule(Role.OPERATOR, Reach.WORKER, Audited.UNLESS_BY_ITSELF),
    RefreshWorkersCommand: Rule(Role.OPERATOR, Reach.WITHIN, Audited.UNLESS_BY_ITSELF),
    UpdateWorkerCommand: Rule(Role.OPERATOR, Reach.WORKER, Audited.ALWAYS),
    DiagnoseWorkerQuery: Rule(Role.OPERATOR, Reach.WORKER),
    SetCredentialsCommand: Rule(Role.OPERATOR, Reach.WORKER, Audited.ALWAYS),
    DeleteCredentialsCommand: Rule(Role.OPERATOR, Reach.WORKER, Audited.ALWAYS),
    AcceptCertificateCommand: Rule(Role.OPERATOR, Reach.WORKER, Audited.ALWAYS),
    ForgetWorkerCommand: Rule(Role.OPERATOR, Reach.WORKER, Audited.ALWAYS),
    ImportWorkersCommand: Rule(Role.OPERATOR, Reach.FLEET, Audited.ALWAYS),
    CompareCertificatesCommand: Rule(Role.OPERATOR, Reach.FLEET, Audited.UNLESS_BY_ITSELF),
    DiscoverWorkersCommand: Rule(Role.OPERATOR, Reach.FLEET, Audited.UNLESS_BY_ITSELF),
    OpenSessionCommand: Rule(Role.VIEWER, Reach.SELF, Audited.ALWAYS),
    CloseSessionCommand: Rule(Role.VIEWER, Reach.SELF, Audited.ALWAYS),
    EndMySessionsCommand: Rule(Role.VIEWER, Reach.SELF, Audited.ALWAYS),
    SignInCommand: Rule(Role.VIEWER, Reach.SELF, Audited.ALWAYS),
    BeginOpenIDCommand: Rule(Role.VIEWER, Reach.SELF),
    FinishOpenIDCommand: Rule(Role.VIEWER, Reach.SELF, Audited.ALWAYS),
    SetUpCommand: Rule(Role.VIEWER, Reach.SELF, Audited.ALWAYS),
    ChangePasswordCommand: Rule(Role.VIEWER, Reach.SELF, Audited.ALWAYS),
    CreateUserCommand: Rule(Role.ADMIN, Reach.FLEET, Audited.ALWAYS),
    UpdateUserCommand: Rule(Role.ADMIN, Reach.FLEET, Audited.ALWAYS),
    CreateTokenCommand: Rule(Role.ADMIN, Reach.FLEET, Audited.ALWAYS),
    RevokeTokenCommand: Rule(Role.ADMIN, Reach.FLEET, Audited.ALWAYS),
}
