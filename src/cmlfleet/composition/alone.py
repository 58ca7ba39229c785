"""One process that does everything."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from cmlfleet.api.stream import StreamHub
from cmlfleet.application.ports.storage import Operation, StorageUnavailable
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

RESTORE_SEEN_SECONDS = 1.0  # how soon a restored database is noticed

logger = structlog.get_logger(__name__)


class Alone:
    """Implements `Coordination` by plain calls."""

    sharing = None
    silent_seconds = 0.0  # what this process does not run, nobody does

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
        self._watch: asyncio.Task[None] | None = None

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
        await self._read_records()
        foundation.saved_records.subscribe(foundation.worker_metrics.follow)
        foundation.saved_records.subscribe(self.hub.follow)
        self._delivery.start()
        incarnation = await foundation.storage.database.incarnation()
        self._watch = asyncio.ensure_future(self._watch_for_a_restore(incarnation))
        if "scheduler" in roles and "worker" in roles:
            housekeeping = Housekeeping(foundation)
            housekeeping.add_to(self._jobs)
            self._first_sweep = asyncio.ensure_future(housekeeping.sweep_once_known())
            self._jobs.start()
            await self._schedule()

    async def stop_work(self) -> None:
        """Within ten seconds."""
        self.hub.close()
        begun = [task for task in (self._watch, self._first_sweep) if task is not None]
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
        await self._jobs.close()

    async def close(self) -> None:
        """What is not delivered stays owed."""
        await self._delivery.close()

    async def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Nothing that could be away."""
        return True, {}

    def processes(self) -> Sequence[ProcessView]:
        """This one."""
        running = self.monitoring.groups_running
        return [process_view(self._foundation, started_at=self._started_at, leads=True, groups_running=running)]

    def queue(self) -> QueueView | None:
        """There is none."""
        return None

    async def _read_records(self) -> None:
        self._foundation.worker_metrics.load(await self._foundation.storage.workers.all_states())

    async def _schedule(self) -> None:
        monitored = await self._foundation.storage.workers.monitored()
        self.monitoring.keep_only({entry.worker_id for entry in monitored})
        for entry in monitored:
            self.monitoring.ensure(entry.worker_id, entry.instance.account_id, entry.instance.region)

    async def _watch_for_a_restore(self, incarnation: int) -> None:
        """`cmlfleet restore` puts another database in the place of ours: what was read from it is read again."""
        while True:
            await asyncio.sleep(RESTORE_SEEN_SECONDS)
            try:
                now = await self._foundation.storage.database.incarnation()
                if now == incarnation:
                    continue
                await self._read_records()
                if self._first_sweep is not None:
                    await self._schedule()
                self.hub.begin_anew()
                self._delivery.wake()
            except StorageUnavailable:
                continue  # readiness says so; the next look comes soon
            incarnation = now
            logger.info("database_restored")

    def _collection(self, name: str, members: Members) -> WorkerMetricsCollectionJob:
        foundation = self._foundation
        return WorkerMetricsCollectionJob(
            name=name, members=members, mediator=foundation.mediator(), clock=foundation.clock
        )
