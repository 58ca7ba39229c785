"""When workers are refreshed in the background. What a refresh is, is not known here."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from cmlfleet.application.queries.views import MonitoringGroupView
from cmlfleet.application.services.recurrent_background_job import RecurrentBackgroundJob
from cmlfleet.application.services.worker_metrics_collection_job import WorkerMetricsCollectionJob
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.scheduling.groups import MonitoringGroup, MonitoringGroups
from cmlfleet.scheduling.spread import better_place, free_place

FIRST_FIRE_SECONDS = 0.5  # a new group is refreshed at once; what comes at the same moment comes along
CLOSE_SECONDS = 10.0  # what runs may finish within this


def _utc_now() -> datetime:
    return datetime.now(UTC)


class WorkerMonitoringScheduler:
    """Implements `MonitoringSchedule` on APScheduler: one recurrent job a group, kept in memory.

    The database says who is monitored; `start` rebuilds the schedule from it. A late fire is made up for once, and a
    group never runs over itself.
    """

    def __init__(
        self,
        *,
        interval_seconds: int,
        make_job: Callable[[str, Callable[[], Sequence[WorkerId]]], WorkerMetricsCollectionJob],
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._interval = timedelta(seconds=interval_seconds)
        self._make_job = make_job
        self._clock = clock
        self._groups = MonitoringGroups()
        self._jobs: dict[str, WorkerMetricsCollectionJob] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._scheduler: Any = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": interval_seconds},
        )

    def start(self) -> None:
        """Begin to fire."""
        self._scheduler.start()

    async def close(self) -> None:
        """Fire no more, and let what runs finish, within ten seconds."""
        if not self._scheduler.running:
            return
        self._scheduler.pause()
        if self._running:
            await asyncio.wait(self._running, timeout=CLOSE_SECONDS)
        self._scheduler.shutdown(wait=False)  # cancels what is late

    def every(
        self, job: RecurrentBackgroundJob, *, interval_seconds: float, first_after_seconds: float = 0.0
    ) -> None:
        """Have another recurrent job run beside the groups'."""
        self._add(
            job, interval=timedelta(seconds=interval_seconds), first_after=timedelta(seconds=first_after_seconds)
        )

    def ensure(self, worker_id: WorkerId, account_id: AccountId, region: Region) -> None:
        """Put a worker under monitoring; nothing happens when it is."""
        opened = self._groups.add(worker_id, account_id, region)
        if opened is not None:
            self._open(opened)

    def remove(self, worker_id: WorkerId) -> None:
        """Take a worker out of monitoring; nothing happens when it is out."""
        closed = self._groups.remove(worker_id)
        if closed is not None:
            self._close_group(closed.group_id)

    def next_refresh_at(self, worker_id: WorkerId) -> datetime | None:
        """When the worker's group fires next."""
        group = self._groups.group_of(worker_id)
        return None if group is None else self._next_fire_at(group.group_id)

    def groups(self) -> Sequence[MonitoringGroupView]:
        """Every group with its last and next fire."""
        return [
            MonitoringGroupView(
                id=group.group_id,
                account_id=group.account_id,
                region=group.region,
                workers=len(group.members),
                next_fire_at=self._next_fire_at(group.group_id),
                last_fire_at=None if (run := self._jobs[group.group_id].last_run) is None else run.started_at,
            )
            for group in self._groups
        ]

    def _open(self, group: MonitoringGroup) -> None:
        group_id = group.group_id
        job = self._make_job(f"collect {group_id}", lambda: self._groups.members_of(group_id))
        place = free_place(tuple(self._places().values()))
        self._jobs[group_id] = job
        self._add(
            job,
            interval=self._interval,
            first_after=timedelta(seconds=FIRST_FIRE_SECONDS) + place * self._interval,
            job_id=group_id,
            afterwards=lambda: self._even_out(group_id),
        )

    def _close_group(self, group_id: str) -> None:
        del self._jobs[group_id]
        self._scheduler.remove_job(group_id)

    def _even_out(self, group_id: str) -> None:
        """Right after the group's fire, when its members are fresh: they may go elsewhere, and the next fire may come
        earlier."""
        if self._groups.dissolve(group_id):
            self._close_group(group_id)
            return
        places = self._places()
        own = places.pop(group_id, None)
        better = None if own is None else better_place(own, tuple(places.values()))
        if better is not None:
            self._scheduler.modify_job(group_id, next_run_time=self._clock() + better * self._interval)

    def _places(self) -> dict[str, float]:
        """Of every group's next fire, in an interval that begins now."""
        now = self._clock()
        fires = ((group_id, self._next_fire_at(group_id)) for group_id in self._jobs)
        return {group_id: (at - now) / self._interval % 1.0 for group_id, at in fires if at is not None}

    def _add(
        self,
        job: RecurrentBackgroundJob,
        *,
        interval: timedelta,
        first_after: timedelta,
        job_id: str | None = None,
        afterwards: Callable[[], None] | None = None,
    ) -> None:
        async def fire() -> None:
            task = asyncio.current_task()
            if task is not None:
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            with contextlib.suppress(asyncio.CancelledError):  # only `close` cancels: nothing that failed
                await job.run_async()
                if afterwards is not None:
                    afterwards()

        self._scheduler.add_job(
            fire,
            "interval",
            seconds=interval.total_seconds(),
            id=job_id or job.name,
            next_run_time=self._clock() + first_after,
        )

    def _next_fire_at(self, group_id: str) -> datetime | None:
        scheduled = self._scheduler.get_job(group_id)
        return None if scheduled is None else getattr(scheduled, "next_run_time", None)
