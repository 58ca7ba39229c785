"""Who may send which message: the one table. `docs/reference/access.md` is made from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cmlfleet.application.commands.accept_certificate_command import AcceptCertificateCommand
from cmlfleet.application.commands.create_token_command import CreateTokenCommand, RevokeTokenCommand
from cmlfleet.application.commands.discover_workers_command import DiscoverWorkersCommand
from cmlfleet.application.commands.forget_worker_command import ForgetWorkerCommand
from cmlfleet.application.commands.import_workers_command import ImportWorkersCommand
from cmlfleet.application.commands.refresh_worker_metrics_command import RefreshWorkerMetricsCommand
from cmlfleet.application.commands.refresh_workers_command import RefreshWorkersCommand
from cmlfleet.application.commands.set_credentials_command import DeleteCredentialsCommand, SetCredentialsCommand
from cmlfleet.application.commands.update_worker_command import UpdateWorkerCommand
from cmlfleet.application.mediator import Message
from cmlfleet.application.principal import Role
from cmlfleet.application.queries.follow_changes_query import FollowChangesQuery
from cmlfleet.application.queries.get_certificate_query import GetCertificateQuery
from cmlfleet.application.queries.get_cml_worker_by_id_query import GetCMLWorkerByIdQuery
from cmlfleet.application.queries.get_fleet_query import GetFleetQuery
from cmlfleet.application.queries.get_license_query import GetLicenseQuery
from cmlfleet.application.queries.get_me_query import GetMeQuery
from cmlfleet.application.queries.get_metrics_query import GetMetricsQuery
from cmlfleet.application.queries.get_samples_query import GetSamplesQuery
from cmlfleet.application.queries.get_system_query import GetSystemQuery
from cmlfleet.application.queries.list_events_query import ListEventsQuery
from cmlfleet.application.queries.list_labs_query import ListLabsQuery
from cmlfleet.application.queries.list_tokens_query import ListTokensQuery
from cmlfleet.application.queries.list_workers_query import ListWorkersQuery
from cmlfleet.application.queries.operations_queries import GetOperationQuery, ListOperationsQuery


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of message needs."""

    role: Role


ACCESS: Mapping[type[Message[Any]], Rule] = {
    # queries
    GetMeQuery: Rule(Role.VIEWER),
    ListWorkersQuery: Rule(Role.VIEWER),
    GetCMLWorkerByIdQuery: Rule(Role.VIEWER),
    GetSamplesQuery: Rule(Role.VIEWER),
    GetLicenseQuery: Rule(Role.VIEWER),
    GetCertificateQuery: Rule(Role.VIEWER),
    ListLabsQuery: Rule(Role.VIEWER),
    ListEventsQuery: Rule(Role.VIEWER),
    GetFleetQuery: Rule(Role.VIEWER),
    GetOperationQuery: Rule(Role.VIEWER),
    ListOperationsQuery: Rule(Role.VIEWER),
    FollowChangesQuery: Rule(Role.VIEWER),
    GetMetricsQuery: Rule(Role.VIEWER),
    GetSystemQuery: Rule(Role.ADMIN),
    ListTokensQuery: Rule(Role.ADMIN),
    # commands
    RefreshWorkerMetricsCommand: Rule(Role.OPERATOR),
    RefreshWorkersCommand: Rule(Role.OPERATOR),
    UpdateWorkerCommand: Rule(Role.OPERATOR),
    SetCredentialsCommand: Rule(Role.OPERATOR),
    DeleteCredentialsCommand: Rule(Role.OPERATOR),
    AcceptCertificateCommand: Rule(Role.OPERATOR),
    ForgetWorkerCommand: Rule(Role.OPERATOR),
    ImportWorkersCommand: Rule(Role.OPERATOR),
    DiscoverWorkersCommand: Rule(Role.OPERATOR),
    CreateTokenCommand: Rule(Role.ADMIN),
    RevokeTokenCommand: Rule(Role.ADMIN),
}
