"""One process that does everything."""

import asyncio
from collections.abc import Sequence
from typing import Any

from cmlfleet.api.stream import StreamHub
from cmlfleet.application.ports.storage import Operation
from cmlfleet.application.queries.system_views import ProcessView, QueueView
from cmlfleet.application.services.outbox_delivery import OutboxDelivery
from cmlfleet.application.services.worker_metrics_collection_job import WorkerMetricsCollectionJob
from cmlfleet.composition.coordination import Foundation
from cmlfleet.composition.housekeeping import Housekeeping
from cmlfleet.composition.process_views import process_view
from cmlfleet.observability.event_log import log_event
from cmlfleet.persistence.migrate import upgrade
from cmlfleet.scheduling.recurrent_jobs import RecurrentJobs
from cmlfleet.scheduling.worker_monitoring_scheduler import Members, WorkerMonitoringScheduler


class Alone:
    """Implements `Coordination` by plain calls."""

    sharing = None

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._jobs = RecurrentJobs(clock=foundation.clock, misfire_grace_seconds=foundation.settings.refresh_interval)
        self.monitoring = WorkerMonitoringScheduler(
            jobs=self._jobs,
            interval_seconds=foundation.settings.refresh_interval,
            make_job=self._collection,
            clock=foundation.clock,
        )
        self.hub = StreamHub(clock=foundation.clock)
        self._delivery = OutboxDelivery(outbox=foundation.storage.outbox, handlers={"log": log_event})
        self._first_sweep: asyncio.Task[None] | None = None
        self._started_at = foundation.clock()

    def wake_delivery(self) -> None:
        """Events were committed."""
        self._delivery.wake()

    def observe_operation(self, operation: Operation) -> None:
        """An operation made progress."""
        self.hub.operation(operation)

    async def prepare(self) -> None:
        """Bring the schema up to date. Raises StorageUnavailable, SchemaMismatch."""
        await upgrade(self._foundation.storage.database)

    async def start(self, roles: Sequence[str]) -> None:
        """Read what is stored, and begin. Raises StorageUnavailable."""
        foundation = self._foundation
        foundation.metrics.push_workers()
        foundation.worker_metrics.load(await foundation.storage.workers.all_states())
        foundation.saved_records.subscribe(foundation.worker_metrics.follow)
        foundation.saved_records.subscribe(self.hub.follow)
        await foundation.storage.operations.fail_unfinished(
            detail="the service stopped before this was done", finished_at=foundation.clock()
        )
        self._delivery.start()
        if "scheduler" in roles and "worker" in roles:
            housekeeping = Housekeeping(foundation)
            housekeeping.add_to(self._jobs)
            self._first_sweep = asyncio.ensure_future(housekeeping.sweep_once_known())
            self._jobs.start()
            for entry in await foundation.storage.workers.monitored():
                self.monitoring.ensure(entry.worker_id, entry.instance.account_id, entry.instance.region)

    async def stop_work(self) -> None:
        """Within ten seconds."""
        self.hub.close()
        if self._first_sweep is not None:
            self._first_sweep.cancel()
            await asyncio.gather(self._first_sweep, return_exceptions=True)
        await self._jobs.close()

    async def close(self) -> None:
        """What is not delivered stays owed."""
        await self._delivery.close()

    async def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Nothing that could be away."""
        return True, {}

    def processes(self) -> Sequence[ProcessView]:
        """This one."""
        foundation = self._foundation
        return [process_view(foundation, started_at=self._started_at, leads=True, groups_running=0)]

    def queue(self) -> QueueView | None:
        """There is none."""
        return None

    def _collection(self, name: str, members: Members) -> WorkerMetricsCollectionJob:
        foundation = self._foundation
        return WorkerMetricsCollectionJob(
            name=name, members=members, mediator=foundation.mediator(), clock=foundation.clock
        )
