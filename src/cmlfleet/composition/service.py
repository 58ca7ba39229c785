"""One process of the service."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from fastapi import FastAPI

from cmlfleet.api.app import create_app
from cmlfleet.api.authentication import Authenticator
from cmlfleet.application.access import ACCESS
from cmlfleet.application.auditing import Auditing
from cmlfleet.application.authorisation import Authorisation
from cmlfleet.application.clock import Clock, utc_now
from cmlfleet.application.commands.discover_workers_command import DiscoverWorkersCommand, DiscoveryResult
from cmlfleet.application.commands.import_workers_command import IMPORT
from cmlfleet.application.commands.refresh_worker_metrics_command import RefreshReport, RefreshWorkerMetricsCommand
from cmlfleet.application.commands.refresh_workers_command import REFRESH, refresh_of_one
from cmlfleet.application.commands.user_commands import new_set_up_code
from cmlfleet.application.mediator import Mediator
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.application.principal import DISCOVERY, Principal
from cmlfleet.application.services.operation_runner import OperationRunner
from cmlfleet.application.services.prompt_refreshes import PromptRefreshes
from cmlfleet.application.services.refused_attempts import RefusedAttempts
from cmlfleet.application.services.saved_records import SavedRecords
from cmlfleet.application.services.scope_standing import ScopeStandings
from cmlfleet.application.services.shared_runs import SharedRuns
from cmlfleet.application.services.swept_changes import SweptChanges
from cmlfleet.composition.alone import Alone
from cmlfleet.composition.coordination import Coordination, Foundation
from cmlfleet.composition.messages import Parts, registrations
from cmlfleet.composition.sources import Sources
from cmlfleet.composition.stores import open_storage
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.observability.metrics.service_metrics import ServiceMetrics
from cmlfleet.observability.metrics.worker_metrics import WorkerMetrics
from cmlfleet.observability.tracing import traced
from cmlfleet.settings import Settings

CONSOLE = Path(__file__).parents[1] / "console"  # built by scripts/setup_console.sh, part of the wheel


class Service:
    """One process of cmlfleet. `start` and `stop` belong together and run in the event loop that serves."""

    def __init__(self, settings: Settings, *, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._clock = clock
        self.storage = open_storage(settings, clock)
        self._ending: asyncio.Future[None] | None = None
        self._swept_changes = SweptChanges(self._discover)
        self._standings = ScopeStandings(clock)
        self.sources = Sources(
            settings,
            credentials=self.storage.credentials,
            states_changed=self._swept_changes.noticed,
            standings=self._standings,
        )
        worker_metrics = WorkerMetrics(clock=clock)
        process_id = uuid4().hex[:12]
        self._metrics = ServiceMetrics(worker_metrics, instance=process_id)
        foundation = Foundation(
            process_id=process_id,
            settings=settings,
            clock=clock,
            storage=self.storage,
            sources=self.sources,
            saved_records=SavedRecords(),
            standings=self._standings,
            worker_metrics=worker_metrics,
            metrics=self._metrics,
            mediator=lambda: self.mediator,
        )
        self._coordination = _coordination(foundation)
        self._refreshes: SharedRuns[RefreshReport] = SharedRuns()
        self._prompt_refreshes = PromptRefreshes(self._refresh)
        self._operations = OperationRunner(
            store=self.storage.operations,
            clock=clock,
            observe=self._coordination.observe_operation,
            works={kind: refresh_of_one(self._refresh) for kind in (REFRESH, IMPORT)},
            process_id=process_id,
            silent_seconds=self._coordination.silent_seconds,
        )
        parts = Parts(
            foundation=foundation,
            coordination=self._coordination,
            prompt_refreshes=self._prompt_refreshes,
            operations=self._operations,
            refreshes=self._refreshes,
        )
        observe_failure = self._metrics.observe_audit_failure
        self._strangers = RefusedAttempts(trail=self.storage.audit, clock=clock, observe_failure=observe_failure)
        audit = Auditing(
            ACCESS,
            trail=self.storage.audit,
            strangers=self._strangers,
            clock=clock,
            observe_failure=observe_failure,
        )
        authorise = Authorisation(ACCESS, find_worker=self.storage.workers.load)
        self.mediator = Mediator(registrations(parts), pipeline=(traced, audit, authorise))

    async def start(self, *, roles: Sequence[str] | None = None) -> None:
        """Prepare the database, read what is stored, and begin. Raises StorageUnavailable, SchemaMismatch
        and CannotJoin."""
        await self._coordination.prepare()
        await self.storage.sealer.load()
        await self.sources.open()
        roles = self._settings.roles if roles is None else roles
        await self._coordination.start(roles)
        if "api" in roles:
            self._operations.watch()

    async def stop(self) -> None:
        """Finish what runs, within ten seconds, and let go of everything."""
        await (self._ending or self._coordination.stop_work())
        await self._swept_changes.close()
        await self._prompt_refreshes.close()
        await self._operations.close()
        await self._refreshes.close()
        await self._coordination.close()
        await self.sources.close()
        self._metrics.close()
        await self.storage.close()

    def begin_to_stop(self) -> None:
        """Take on no more work, and end the streams, which would hold the port open; requests are still answered."""
        self._ending = asyncio.ensure_future(self._coordination.stop_work())

    def known_scopes(self) -> Sequence[tuple[AccountId, Region]]:
        """Every configured account and region whose account's id is known by now."""
        return self.sources.aws.scopes()

    async def learn_accounts(self) -> None:
        """Return once everything that is configured is known."""
        await self.sources.until_known()

    async def set_up_code(self) -> str | None:
        """A code for the first admin, where nobody could sign in otherwise; only its hash is stored."""
        settings = self._settings
        if (
            settings.bootstrap_token is not None
            or settings.oidc_issuer is not None
            or await self.storage.tokens.list()
        ):
            return None
        return await new_set_up_code(self.storage.users)

    def app(self) -> FastAPI:
        """The HTTP side."""
        return create_app(
            mediator=self.mediator,
            authenticator=Authenticator(
                tokens=self.storage.tokens,
                users=self.storage.users,
                sessions=self.storage.sessions,
                knows_provider=self._settings.oidc_issuer is not None,
                bootstrap_token=self._settings.bootstrap_token,
                clock=self._clock,
            ),
            refused_attempts=self._strangers,
            console=CONSOLE if "api" in self._settings.roles else None,
            readiness=self._readiness,
            metrics_public=self._settings.metrics_public,
        )

    async def _refresh(self, worker_id: WorkerId, principal: Principal, background: bool = False) -> RefreshReport:
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
        standings = self._standings.all()
        if standings and all(standing.error_code is not None for standing in standings):
            parts["aws"] = f"{standings[0].operation} fails in every region: {standings[0].error_code}"
        else:
            parts["aws"] = "ok" if self.known_scopes() else "no account and region is known yet"
        if throttled := self.sources.throttled():
            parts["aws_throttled"] = throttled
        can_work, others = await self._coordination.readiness()
        return can_work and parts["database"] == "ok", parts | others


def _coordination(foundation: Foundation) -> Coordination:
    if foundation.settings.redis_url is None:
        return Alone(foundation)
    from cmlfleet.composition.cluster import Cluster  # noqa: PLC0415 - what one process alone never needs

    return Cluster(foundation, redis_url=foundation.settings.redis_url)
