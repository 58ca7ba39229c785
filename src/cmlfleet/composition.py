"""Everything is made and wired here, in the order in which it depends on each other."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

from cmlfleet import __version__
from cmlfleet.api.app import create_app
from cmlfleet.api.authentication import TokenAuthenticator
from cmlfleet.api.stream import StreamHub
from cmlfleet.application.access import ACCESS
from cmlfleet.application.authorisation import Authorisation
from cmlfleet.application.clock import Clock, utc_now
from cmlfleet.application.commands import (
    accept_certificate_command,
    create_token_command,
    discover_workers_command,
    forget_worker_command,
    import_workers_command,
    refresh_worker_metrics_command,
    refresh_workers_command,
    set_credentials_command,
    update_worker_command,
)
from cmlfleet.application.mediator import Mediator, Registration
from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries import (
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
    list_tokens_query,
    list_workers_query,
    operations_queries,
)
from cmlfleet.application.queries.views import BudgetView
from cmlfleet.application.services.account_scopes import AccountScopes, ConfiguredAccount, LearnScopesJob
from cmlfleet.application.services.adoption import Adoption
from cmlfleet.application.services.controller_lookup import ControllerLookup
from cmlfleet.application.services.discovery_job import DiscoveryJob
from cmlfleet.application.services.first_refreshes import FirstRefreshes
from cmlfleet.application.services.operation_runner import OperationRunner
from cmlfleet.application.services.outbox_delivery import OutboxDelivery
from cmlfleet.application.services.retention_job import RetentionJob
from cmlfleet.application.services.saved_records import SavedRecords
from cmlfleet.application.services.scope_standing import ScopeStandings
from cmlfleet.application.services.worker_metrics_collection_job import WorkerMetricsCollectionJob
from cmlfleet.application.services.worker_shelf import WorkerShelf
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.domain.worker_policy import WorkerPolicy
from cmlfleet.integration.aws.adapters import AwsAccountSettings, AwsAdapters
from cmlfleet.integration.services.address_policy import AddressPolicy
from cmlfleet.integration.services.certificate_trust import TLSMode
from cmlfleet.integration.services.cml_api_client import CMLApiClient
from cmlfleet.integration.services.cml_source import CMLControllerSource
from cmlfleet.integration.services.fleet_credentials import FleetCredentials
from cmlfleet.observability.event_log import log_event
from cmlfleet.observability.metrics.service_metrics import ServiceMetrics
from cmlfleet.observability.metrics.worker_metrics import WorkerMetrics
from cmlfleet.observability.tracing import traced
from cmlfleet.persistence.migrate import upgrade
from cmlfleet.persistence.storage import Storage
from cmlfleet.scheduling.worker_monitoring_scheduler import WorkerMonitoringScheduler
from cmlfleet.settings import AccountSettings, Settings

SWEEP_AGE_OF_INTERVAL = 0.75  # a background refresh takes EC2's pages of this interval, never of the one before
KEEPALIVE_BEYOND_INTERVAL_SECONDS = 30.0  # connections to controllers outlive the pause between readings
LEARN_EVERY_SECONDS = 5.0
RETENTION_EVERY_SECONDS = 3600.0


def open_storage(settings: Settings, clock: Clock = utc_now) -> Storage:
    """The stores of the configured database."""
    return Storage(url=settings.database_url, data_dir=settings.data_dir, secret_key=settings.secret_key, clock=clock)


class Service:
    """One process of cmlfleet. `start` and `stop` belong together and run in the event loop that serves."""

    def __init__(self, settings: Settings, *, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._clock = clock
        self.storage = open_storage(settings, clock)
        self._saved_records = SavedRecords()
        self._worker_metrics = WorkerMetrics(clock=clock)
        self._metrics = ServiceMetrics(self._worker_metrics)
        self._hub = StreamHub(clock=clock)
        self._standings = ScopeStandings(clock)
        self._aws = AwsAdapters([_aws_account(account) for account in _accounts(settings)])
        self.scopes = AccountScopes(
            [
                ConfiguredAccount(
                    account_id=None if account.account_id is None else AccountId(account.account_id),
                    regions=tuple(Region(region) for region in account.regions or settings.regions),
                )
                for account in _accounts(settings)
            ],
            own_account_id=self._own_account_id,
            default_region=self._aws.default_region,
        )
        self._cml_client = CMLApiClient(
            keepalive_seconds=settings.refresh_interval + KEEPALIVE_BEYOND_INTERVAL_SECONDS
        )
        self._delivery = OutboxDelivery(outbox=self.storage.outbox, handlers={"log": log_event})
        self._scheduler = WorkerMonitoringScheduler(
            interval_seconds=settings.refresh_interval,
            make_job=lambda name, members: WorkerMetricsCollectionJob(
                name=name, members=members, mediator=self.mediator, clock=clock
            ),
            clock=clock,
        )
        self._first_refreshes = FirstRefreshes(self._refresh)
        self._operations = OperationRunner(store=self.storage.operations, clock=clock, observe=self._hub.operation)
        self.mediator = Mediator(self._registrations(), pipeline=(traced, Authorisation(ACCESS)))

    async def start(self, *, roles: Sequence[str] | None = None) -> None:
        """Bring the schema up to date, read what is stored, and begin. Raises StorageUnavailable, SchemaMismatch."""
        roles = self._settings.roles if roles is None else roles
        await upgrade(self.storage.database)
        await self._cml_client.__aenter__()
        states = await self.storage.workers.all_states()
        self._worker_metrics.load(states)
        self._saved_records.subscribe(self._worker_metrics.follow)
        self._saved_records.subscribe(self._hub.follow)
        await self.storage.operations.fail_unfinished(
            detail="the service stopped before this was done", finished_at=self._clock()
        )
        self._delivery.start()
        if "scheduler" in roles and "worker" in roles:
            for entry in await self.storage.workers.monitored():
                self._scheduler.ensure(entry.worker_id, entry.instance.account_id, entry.instance.region)
            self._start_jobs()

    async def stop(self) -> None:
        """Finish what runs, within ten seconds, and let go of everything."""
        self._hub.close()
        await self._scheduler.close()
        await self._first_refreshes.close()
        await self._operations.close()
        await self._delivery.close()
        await self._cml_client.__aexit__(None, None, None)
        await self._aws.close()
        self._metrics.close()
        await self.storage.close()

    def app(self) -> FastAPI:
        """The HTTP side."""
        return create_app(
            mediator=self.mediator,
            authenticator=TokenAuthenticator(
                tokens=self.storage.tokens, bootstrap_token=self._settings.bootstrap_token, clock=self._clock
            ),
            readiness=self._readiness,
            metrics_public=self._settings.metrics_public,
        )

    def _start_jobs(self) -> None:
        settings, clock = self._settings, self._clock
        self._scheduler.every(LearnScopesJob(scopes=self.scopes, clock=clock), interval_seconds=LEARN_EVERY_SECONDS)
        self._scheduler.every(
            DiscoveryJob(scopes=self.scopes.known, mediator=self.mediator, clock=clock),
            interval_seconds=settings.discovery_interval,
            first_after_seconds=0.5,
        )
        self._scheduler.every(
            RetentionJob(
                history=self.storage.retention,
                samples_days=settings.retention_samples_days,
                events_days=settings.retention_events_days,
                clock=clock,
            ),
            interval_seconds=RETENTION_EVERY_SECONDS,
            first_after_seconds=LEARN_EVERY_SECONDS,
        )
        self._scheduler.start()

    def _registrations(self) -> list[Registration]:
        storage, clock, monitoring = self.storage, self._clock, self._scheduler
        reader = storage.reader
        shelf = WorkerShelf(
            workers=storage.workers,
            policies=self._policy_of,
            saved_records=self._saved_records,
            monitoring=monitoring,
            wake_delivery=self._delivery.wake,
        )
        adoption = Adoption(shelf=shelf, clock=clock)
        settings = self._settings
        fleet = None
        if settings.cml_username is not None:
            fleet = CMLCredentials(username=settings.cml_username, password=settings.cml_password)
        cml = CMLControllerSource(
            client=self._cml_client,
            credentials=FleetCredentials(own=storage.credentials, fleet=fleet),
            policy=AddressPolicy(allowed_networks=settings.cml_allowed_networks),
            tls_mode=TLSMode(settings.cml_tls),
            timeout_seconds=settings.cml_timeout,
        )
        max_age_seconds = settings.refresh_interval * SWEEP_AGE_OF_INTERVAL
        refresh = refresh_worker_metrics_command.RefreshWorkerMetricsCommandHandler(
            shelf=shelf,
            ec2=self._aws.ec2,
            cloudwatch=self._aws.cloudwatch,
            cml=cml,
            controllers=ControllerLookup(storage.workers),
            monitoring=monitoring,
            clock=clock,
            background_max_age_seconds=max_age_seconds,
            observe=self._metrics.observe_refresh,
        )
        credentials = set_credentials_command.SetCredentialsCommandHandler(
            shelf=shelf, credentials=storage.credentials, cml=cml, clock=clock
        )
        commands: list[tuple[Any, Any]] = [
            (refresh_worker_metrics_command.RefreshWorkerMetricsCommand, refresh),
            (
                refresh_workers_command.RefreshWorkersCommand,
                refresh_workers_command.RefreshWorkersCommandHandler(
                    reader=reader, workers=storage.workers, operations=self._operations, refresh=self._refresh
                ),
            ),
            (
                import_workers_command.ImportWorkersCommand,
                import_workers_command.ImportWorkersCommandHandler(
                    ec2=self._aws.ec2,
                    workers=storage.workers,
                    adoption=adoption,
                    first_refreshes=self._first_refreshes,
                    scopes=self.scopes.known,
                    clock=clock,
                ),
            ),
            (
                discover_workers_command.DiscoverWorkersCommand,
                discover_workers_command.DiscoverWorkersCommandHandler(
                    ec2=self._aws.ec2,
                    workers=storage.workers,
                    adoption=adoption,
                    first_refreshes=self._first_refreshes,
                    standings=self._standings,
                    discovery_tags=settings.discovery_tags,
                    max_age_seconds=settings.discovery_interval * SWEEP_AGE_OF_INTERVAL,
                ),
            ),
            (
                update_worker_command.UpdateWorkerCommand,
                update_worker_command.UpdateWorkerCommandHandler(shelf=shelf, clock=clock),
            ),
            (
                forget_worker_command.ForgetWorkerCommand,
                forget_worker_command.ForgetWorkerCommandHandler(
                    workers=storage.workers,
                    credentials=storage.credentials,
                    cml=cml,
                    monitoring=monitoring,
                    saved_records=self._saved_records,
                    wake_delivery=self._delivery.wake,
                    clock=clock,
                ),
            ),
            (set_credentials_command.SetCredentialsCommand, credentials),
            (set_credentials_command.DeleteCredentialsCommand, credentials),
            (
                accept_certificate_command.AcceptCertificateCommand,
                accept_certificate_command.AcceptCertificateCommandHandler(shelf=shelf, cml=cml, clock=clock),
            ),
            (
                create_token_command.CreateTokenCommand,
                create_token_command.CreateTokenCommandHandler(tokens=storage.tokens, clock=clock),
            ),
            (
                create_token_command.RevokeTokenCommand,
                create_token_command.RevokeTokenCommandHandler(tokens=storage.tokens),
            ),
        ]
        return [Registration(message, handler) for message, handler in [*commands, *self._queries()]]

    def _queries(self) -> list[tuple[Any, Any]]:
        reader, clock, monitoring = self.storage.reader, self._clock, self._scheduler
        return [
            (get_me_query.GetMeQuery, get_me_query.GetMeQueryHandler()),
            (
                get_metrics_query.GetMetricsQuery,
                get_metrics_query.GetMetricsQueryHandler(text=self._metrics.text),
            ),
            (
                follow_changes_query.FollowChangesQuery,
                follow_changes_query.FollowChangesQueryHandler(listen=self._hub.listen),
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
                get_fleet_query.GetFleetQueryHandler(reader=reader, standings=self._standings, clock=clock),
            ),
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
                operations_queries.GetOperationQueryHandler(operations=self.storage.operations),
            ),
            (
                operations_queries.ListOperationsQuery,
                operations_queries.ListOperationsQueryHandler(operations=self.storage.operations),
            ),
            (
                list_tokens_query.ListTokensQuery,
                list_tokens_query.ListTokensQueryHandler(tokens=self.storage.tokens),
            ),
            (
                get_system_query.GetSystemQuery,
                get_system_query.GetSystemQueryHandler(
                    version=__version__,
                    roles=self._settings.roles,
                    database=self.storage.database.dialect,
                    outbox=self.storage.outbox,
                    monitoring=monitoring,
                    budgets=self._budgets,
                ),
            ),
        ]

    async def _refresh(
        self, worker_id: WorkerId, principal: Principal
    ) -> refresh_worker_metrics_command.RefreshResult:
        return await self.mediator.execute_async(
            refresh_worker_metrics_command.RefreshWorkerMetricsCommand(worker_id), principal
        )

    async def _own_account_id(self) -> AccountId:
        return (await self._aws.identity()).account_id

    def _policy_of(self, account_id: AccountId) -> WorkerPolicy:
        settings = self._settings
        own = next((account for account in settings.accounts if account.account_id == account_id), None)
        prefer_private_ip = settings.prefer_private_ip
        if own is not None and own.prefer_private_ip is not None:
            prefer_private_ip = own.prefer_private_ip
        return WorkerPolicy(
            refresh_interval_seconds=settings.refresh_interval,
            boot_budget_seconds=settings.boot_budget,
            prefer_private_ip=prefer_private_ip,
            discovery_tags=settings.discovery_tags,
        )

    def _budgets(self) -> list[BudgetView]:
        return [
            BudgetView(
                account_id=state.account_id,
                region=state.region,
                operation=state.operation,
                tokens=round(state.tokens, 2),
                rate_per_second=round(state.refill_per_second * state.factor, 3),
                throttled=state.factor < 1,
            )
            for state in self._aws.budgets.snapshot()
        ]

    async def _readiness(self) -> tuple[bool, dict[str, Any]]:
        parts: dict[str, Any] = {}
        try:
            await self.storage.database.ping()
            parts["database"] = "ok"
        except StorageUnavailable as error:
            parts["database"] = str(error)
        known = self.scopes.known()
        parts["aws"] = "ok" if known else "no account and region is known yet"
        throttled = [f"{view.operation} in {view.region}" for view in self._budgets() if view.throttled]
        if throttled:
            parts["aws_throttled"] = throttled
        return parts["database"] == "ok", parts


def _accounts(settings: Settings) -> tuple[AccountSettings, ...]:
    """The process's own account and the configured ones; one configured without a role is the own account."""
    if any(account.role_arn is None for account in settings.accounts):
        return settings.accounts
    return (AccountSettings(), *settings.accounts)


def _aws_account(account: AccountSettings) -> AwsAccountSettings:
    return AwsAccountSettings(
        account_id=None if account.account_id is None else AccountId(account.account_id),
        regions=tuple(Region(region) for region in account.regions),
        role_arn=account.role_arn,
        external_id=account.external_id,
    )
