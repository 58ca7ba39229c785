"""One process of the service."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from cmlfleet.api.app import create_app
from cmlfleet.api.authentication import Authenticator
from cmlfleet.api.stream import StreamHub
from cmlfleet.application.access import ACCESS
from cmlfleet.application.authorisation import Authorisation
from cmlfleet.application.clock import Clock, utc_now
from cmlfleet.application.commands.discover_workers_command import DiscoverWorkersCommand, DiscoveryResult
from cmlfleet.application.commands.refresh_worker_metrics_command import RefreshResult, RefreshWorkerMetricsCommand
from cmlfleet.application.mediator import Mediator
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.application.principal import DISCOVERY, Principal
from cmlfleet.application.services.discovery_job import DiscoveryJob
from cmlfleet.application.services.operation_runner import OperationRunner
from cmlfleet.application.services.outbox_delivery import OutboxDelivery
from cmlfleet.application.services.prompt_refreshes import PromptRefreshes
from cmlfleet.application.services.retention_job import RetentionJob
from cmlfleet.application.services.saved_records import SavedRecords
from cmlfleet.application.services.scope_standing import ScopeStandings
from cmlfleet.application.services.swept_changes import SweptChanges
from cmlfleet.application.services.worker_metrics_collection_job import WorkerMetricsCollectionJob
from cmlfleet.composition.messages import Parts, registrations
from cmlfleet.composition.sources import Sources
from cmlfleet.composition.stores import open_storage
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.observability.event_log import log_event
from cmlfleet.observability.metrics.service_metrics import ServiceMetrics
from cmlfleet.observability.metrics.worker_metrics import WorkerMetrics
from cmlfleet.observability.tracing import traced
from cmlfleet.persistence.migrate import upgrade
from cmlfleet.scheduling.worker_monitoring_scheduler import WorkerMonitoringScheduler
from cmlfleet.settings import Settings

CONSOLE = Path(__file__).parents[1] / "console"  # built by scripts/setup_console.sh, part of the wheel
RETENTION_EVERY_SECONDS = 3600.0
RETENTION_FIRST_AFTER_SECONDS = 5.0  # the start has enough to do


class Service:
    """One process of cmlfleet. `start` and `stop` belong together and run in the event loop that serves."""

    def __init__(self, settings: Settings, *, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._clock = clock
        self.storage = open_storage(settings, clock)
        self._swept_changes = SweptChanges(self._discover)
        self.sources = Sources(
            settings, credentials=self.storage.credentials, states_changed=self._swept_changes.noticed
        )
        self._saved_records = SavedRecords()
        self._worker_metrics = WorkerMetrics(clock=clock)
        self._metrics = ServiceMetrics(self._worker_metrics)
        self._hub = StreamHub(clock=clock)
        self._delivery = OutboxDelivery(outbox=self.storage.outbox, handlers={"log": log_event})
        self._scheduler = WorkerMonitoringScheduler(
            interval_seconds=settings.refresh_interval,
            make_job=lambda name, members: WorkerMetricsCollectionJob(
                name=name, members=members, mediator=self.mediator, clock=clock
            ),
            clock=clock,
        )
        self._prompt_refreshes = PromptRefreshes(self._refresh)
        self._operations = OperationRunner(store=self.storage.operations, clock=clock, observe=self._hub.operation)
        parts = Parts(
            settings=settings,
            clock=clock,
            storage=self.storage,
            sources=self.sources,
            monitoring=self._scheduler,
            saved_records=self._saved_records,
            wake_delivery=self._delivery.wake,
            standings=ScopeStandings(clock),
            prompt_refreshes=self._prompt_refreshes,
            operations=self._operations,
            refresh=self._refresh,
            metrics=self._metrics,
            hub=self._hub,
        )
        authorise = Authorisation(ACCESS, find_worker=self.storage.workers.load)
        self.mediator = Mediator(registrations(parts), pipeline=(traced, authorise))
        self._discovery = DiscoveryJob(scopes=self.known_scopes, mediator=self.mediator, clock=clock)
        self._learning: asyncio.Task[None] | None = None

    async def start(self, *, roles: Sequence[str] | None = None) -> None:
        """Bring the schema up to date, read what is stored, and begin. Raises StorageUnavailable, SchemaMismatch."""
        roles = self._settings.roles if roles is None else roles
        await upgrade(self.storage.database)
        await self.sources.open()
        states = await self.storage.workers.all_states()
        self._worker_metrics.load(states)
        self._saved_records.subscribe(self._worker_metrics.follow)
        self._saved_records.subscribe(self._hub.follow)
        await self.storage.operations.fail_unfinished(
            detail="the service stopped before this was done", finished_at=self._clock()
        )
        self._delivery.start()
        sweeps = "scheduler" in roles and "worker" in roles
        self._learning = asyncio.ensure_future(self._begin_with_aws(sweeps=sweeps))
        if sweeps:
            self._start_jobs()
            for entry in await self.storage.workers.monitored():
                self._scheduler.ensure(entry.worker_id, entry.instance.account_id, entry.instance.region)

    async def stop(self) -> None:
        """Finish what runs, within ten seconds, and let go of everything."""
        self._hub.close()
        if self._learning is not None:
            self._learning.cancel()
            await asyncio.gather(self._learning, return_exceptions=True)
        await self._scheduler.close()
        await self._swept_changes.close()
        await self._prompt_refreshes.close()
        await self._operations.close()
        await self._delivery.close()
        await self.sources.close()
        self._metrics.close()
        await self.storage.close()

    def known_scopes(self) -> Sequence[tuple[AccountId, Region]]:
        """Every configured account and region whose account's id is known by now."""
        return self.sources.aws.scopes()

    async def learn_accounts(self) -> None:
        """Return once everything that is configured is known."""
        await self.sources.aws.learn_accounts()

    def app(self) -> FastAPI:
        """The HTTP side."""
        return create_app(
            mediator=self.mediator,
            authenticator=Authenticator(
                tokens=self.storage.tokens,
                sessions=self.storage.sessions,
                bootstrap_token=self._settings.bootstrap_token,
                clock=self._clock,
            ),
            console=CONSOLE,
            readiness=self._readiness,
            metrics_public=self._settings.metrics_public,
        )

    def _start_jobs(self) -> None:
        settings, clock = self._settings, self._clock
        self._scheduler.every(
            self._discovery,
            interval_seconds=settings.discovery_interval,
            first_after_seconds=settings.discovery_interval,
        )
        self._scheduler.every(
            RetentionJob(
                history=self.storage.retention,
                samples_days=settings.retention_samples_days,
                events_days=settings.retention_events_days,
                clock=clock,
            ),
            interval_seconds=RETENTION_EVERY_SECONDS,
            first_after_seconds=RETENTION_FIRST_AFTER_SECONDS,
        )
        self._scheduler.start()

    async def _begin_with_aws(self, *, sweeps: bool) -> None:
        """AWS may be out of reach for long when the service starts; the first sweep follows its first answer."""
        await self.learn_accounts()
        if sweeps:
            await self._discovery.run_async()

    async def _refresh(self, worker_id: WorkerId, principal: Principal, background: bool = False) -> RefreshResult:
        return await self.mediator.execute_async(RefreshWorkerMetricsCommand(worker_id, background), principal)

    async def _discover(self, account_id: AccountId, region: Region) -> DiscoveryResult:
        return await self.mediator.execute_async(DiscoverWorkersCommand(account_id, region), DISCOVERY)

    async def _readiness(self) -> tuple[bool, dict[str, Any]]:
        parts: dict[str, Any] = {}
        try:
            await self.storage.database.ping()
            parts["database"] = "ok"
        except StorageUnavailable as error:
            parts["database"] = str(error)
        parts["aws"] = "ok" if self.known_scopes() else "no account and region is known yet"
        throttled = [f"{view.operation} in {view.region}" for view in self.sources.budgets() if view.throttled]
        if throttled:
            parts["aws_throttled"] = throttled
        return parts["database"] == "ok", parts
