"""The mediator's table: each message and the handler that carries it out."""

from dataclasses import dataclass
from typing import Any

from cmlfleet import __version__
from cmlfleet.application.commands import (
    accept_certificate_command,
    compare_certificates_command,
    discover_workers_command,
    forget_worker_command,
    import_workers_command,
    refresh_worker_metrics_command,
    refresh_workers_command,
    set_credentials_command,
    update_worker_command,
)
from cmlfleet.application.mediator import Registration
from cmlfleet.application.queries import (
    audit_queries,
    diagnose_worker_query,
    follow_changes_query,
    get_certificate_query,
    get_cml_worker_by_id_query,
    get_fleet_query,
    get_license_query,
    get_me_query,
    get_metrics_query,
    get_samples_query,
    get_system_query,
    list_events_query,
    list_labs_query,
    list_workers_query,
    operations_queries,
)
from cmlfleet.application.services.adoption import Adoption
from cmlfleet.application.services.controller_lookup import ControllerLookup
from cmlfleet.application.services.operation_runner import OperationRunner
from cmlfleet.application.services.prompt_refreshes import PromptRefreshes
from cmlfleet.application.services.shared_runs import SharedRuns
from cmlfleet.application.services.worker_shelf import WorkerShelf
from cmlfleet.composition.access import access_messages, identity_provider, limited_labels
from cmlfleet.composition.coordination import Coordination, Foundation
from cmlfleet.composition.sources import SWEEP_AGE_OF_INTERVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the handlers are made of. `refresh` sends RefreshWorkerMetricsCommand through the mediator;
    `refreshes` are those under way."""

    foundation: Foundation
    coordination: Coordination
    prompt_refreshes: PromptRefreshes
    operations: OperationRunner
    refreshes: SharedRuns[refresh_worker_metrics_command.RefreshReport]


def registrations(parts: Parts) -> list[Registration]:
    """Every message that there is."""
    foundation = parts.foundation
    access = access_messages(foundation.storage, foundation.clock, provider=identity_provider(foundation.settings))
    messages = [*_commands(parts), *_queries(parts), *access]
    return [Registration(message, handler) for message, handler in messages]


def _commands(parts: Parts) -> list[tuple[Any, Any]]:
    foundation, coordination = parts.foundation, parts.coordination
    settings, clock, storage = foundation.settings, foundation.clock, foundation.storage
    monitoring, sources, cml = coordination.monitoring, foundation.sources, foundation.sources.cml
    reader = storage.reader
    shelf = WorkerShelf(
        workers=storage.workers,
        policies=sources.policy_of,
        saved_records=foundation.saved_records,
        monitoring=monitoring,
        wake_delivery=coordination.wake_delivery,
    )
    adoption = Adoption(shelf=shelf, clock=clock)
    max_age_seconds = settings.refresh_interval * SWEEP_AGE_OF_INTERVAL
    refresh = refresh_worker_metrics_command.RefreshWorkerMetricsCommandHandler(
        shelf=shelf,
        ec2=sources.aws.ec2,
        cloudwatch=sources.aws.cloudwatch,
        cml=cml,
        controllers=ControllerLookup(storage.workers),
        monitoring=monitoring,
        clock=clock,
        background_max_age_seconds=max_age_seconds,
        observe=foundation.metrics.observe_refresh,
        runs=parts.refreshes,
        sharing=coordination.sharing,
    )
    credentials = set_credentials_command.SetCredentialsCommandHandler(
        shelf=shelf, credentials=storage.credentials, cml=cml, clock=clock
    )
    return [
        (refresh_worker_metrics_command.RefreshWorkerMetricsCommand, refresh),
        (
            refresh_workers_command.RefreshWorkersCommand,
            refresh_workers_command.RefreshWorkersCommandHandler(
                reader=reader, workers=storage.workers, operations=parts.operations
            ),
        ),
        (
            diagnose_worker_query.DiagnoseWorkerQuery,
            diagnose_worker_query.DiagnoseWorkerQueryHandler(
                shelf=shelf, ec2=sources.aws.ec2, probe=sources.probe, clock=clock
            ),
        ),
        (
            import_workers_command.ImportWorkersCommand,
            import_workers_command.ImportWorkersCommandHandler(
                ec2=sources.aws.ec2,
                workers=storage.workers,
                adoption=adoption,
                operations=parts.operations,
                scopes=sources.aws.scopes,
                clock=clock,
            ),
        ),
        (
            compare_certificates_command.CompareCertificatesCommand,
            compare_certificates_command.CompareCertificatesCommandHandler(
                workers=storage.workers, shelf=shelf, clock=clock
            ),
        ),
        (
            discover_workers_command.DiscoverWorkersCommand,
            discover_workers_command.DiscoverWorkersCommandHandler(
                ec2=sources.aws.ec2,
                workers=storage.workers,
                adoption=adoption,
                prompt_refreshes=parts.prompt_refreshes,
                standings=foundation.standings,
                discovery_tags=settings.discovery_tags,
                max_age_seconds=settings.discovery_interval * SWEEP_AGE_OF_INTERVAL,
            ),
        ),
        (
            update_worker_command.UpdateWorkerCommand,
            update_worker_command.UpdateWorkerCommandHandler(
                shelf=shelf, guarded_labels=lambda: limited_labels(storage, settings), clock=clock
            ),
        ),
        (
            forget_worker_command.ForgetWorkerCommand,
            forget_worker_command.ForgetWorkerCommandHandler(
                workers=storage.workers,
                credentials=storage.credentials,
                cml=cml,
                monitoring=monitoring,
                saved_records=foundation.saved_records,
                wake_delivery=coordination.wake_delivery,
                clock=clock,
            ),
        ),
        (set_credentials_command.SetCredentialsCommand, credentials),
        (set_credentials_command.DeleteCredentialsCommand, credentials),
        (
            accept_certificate_command.AcceptCertificateCommand,
            accept_certificate_command.AcceptCertificateCommandHandler(shelf=shelf, cml=cml, clock=clock),
        ),
    ]


def _queries(parts: Parts) -> list[tuple[Any, Any]]:
    foundation, coordination = parts.foundation, parts.coordination
    storage, clock, monitoring = foundation.storage, foundation.clock, coordination.monitoring
    reader = storage.reader
    return [
        (get_me_query.GetMeQuery, get_me_query.GetMeQueryHandler()),
        (
            get_metrics_query.GetMetricsQuery,
            get_metrics_query.GetMetricsQueryHandler(text=foundation.metrics.text),
        ),
        (
            follow_changes_query.FollowChangesQuery,
            follow_changes_query.FollowChangesQueryHandler(listen=coordination.hub.listen),
        ),
        (
            get_cml_worker_by_id_query.GetCMLWorkerByIdQuery,
            get_cml_worker_by_id_query.GetCMLWorkerByIdQueryHandler(
                reader=reader, monitoring=monitoring, clock=clock
            ),
        ),
        (
            list_workers_query.ListWorkersQuery,
            list_workers_query.ListWorkersQueryHandler(reader=reader, monitoring=monitoring, clock=clock),
        ),
        (
            get_fleet_query.GetFleetQuery,
            get_fleet_query.GetFleetQueryHandler(reader=reader, standings=foundation.standings, clock=clock),
        ),
        (audit_queries.ListAuditQuery, audit_queries.ListAuditQueryHandler(trail=storage.audit)),
        (audit_queries.ExportAuditQuery, audit_queries.ExportAuditQueryHandler(trail=storage.audit)),
        (list_events_query.ListEventsQuery, list_events_query.ListEventsQueryHandler(reader=reader)),
        (list_labs_query.ListLabsQuery, list_labs_query.ListLabsQueryHandler(reader=reader)),
        (get_samples_query.GetSamplesQuery, get_samples_query.GetSamplesQueryHandler(reader=reader)),
        (get_license_query.GetLicenseQuery, get_license_query.GetLicenseQueryHandler(reader=reader)),
        (
            get_certificate_query.GetCertificateQuery,
            get_certificate_query.GetCertificateQueryHandler(reader=reader),
        ),
        (
            operations_queries.GetOperationQuery,
            operations_queries.GetOperationQueryHandler(operations=storage.operations),
        ),
        (
            operations_queries.ListOperationsQuery,
            operations_queries.ListOperationsQueryHandler(operations=storage.operations),
        ),
        (
            get_system_query.GetSystemQuery,
            get_system_query.GetSystemQueryHandler(
                version=__version__,
                roles=foundation.settings.roles,
                database=storage.database.dialect,
                outbox=storage.outbox,
                monitoring=monitoring,
                status=coordination,
                budgets=foundation.sources.budgets,
                clock=clock,
            ),
        ),
    ]
