"""When workers are refreshed in the background. What a refresh is, is not known here."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from cmlfleet.application.clock import Clock
from cmlfleet.application.queries.system_views import MonitoringGroupView
from cmlfleet.application.services.worker_metrics_collection_job import WorkerMetricsCollectionJob
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.scheduling.groups import MonitoringGroup, MonitoringGroups
from cmlfleet.scheduling.recurrent_jobs import RecurrentJobs
from cmlfleet.scheduling.spread import better_place, free_place

FIRST_FIRE_SECONDS = 0.5  # a new group is refreshed at once; what comes at the same moment comes along

Members = Callable[[], Sequence[WorkerId]]
MakeJob = Callable[[str, Members], WorkerMetricsCollectionJob]
"""The job of a name over the members that it then has."""


class WorkerMonitoringScheduler:
    """Implements `MonitoringSchedule` in one process: one recurrent job a group.

    The database says who is monitored; whoever starts the service rebuilds the schedule from it.
    """

    def __init__(self, *, jobs: RecurrentJobs, interval_seconds: int, make_job: MakeJob, clock: Clock) -> None:
        self._scheduler = jobs
        self._interval = timedelta(seconds=interval_seconds)
        self._make_job = make_job
        self._clock = clock
        self._groups = MonitoringGroups()
        self._jobs: dict[str, WorkerMetricsCollectionJob] = {}

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

    def keep_only(self, worker_ids: Collection[WorkerId]) -> None:
        """Take everybody else out of monitoring."""
        known = [worker_id for group in self._groups for worker_id in group.members]
        for worker_id in known:
            if worker_id not in worker_ids:
                self.remove(worker_id)

    def next_refresh_at(self, worker_id: WorkerId) -> datetime | None:
        """When the worker's group fires next."""
        group = self._groups.group_of(worker_id)
        return None if group is None else self._scheduler.next_fire_at(group.group_id)

    def groups(self) -> Sequence[MonitoringGroupView]:
        """Every group with its last and next fire."""
        return [
            MonitoringGroupView(
                id=group.group_id,
                account_id=group.account_id,
                region=group.region,
                workers=len(group.members),
                next_fire_at=self._scheduler.next_fire_at(group.group_id),
                last_fire_at=None if (run := self._jobs[group.group_id].last_run) is None else run.started_at,
            )
            for group in self._groups
        ]

    @property
    def groups_running(self) -> int:
        """Groups that are being refreshed at this moment."""
        return sum(job.is_running for job in self._jobs.values())

    def _open(self, group: MonitoringGroup) -> None:
        group_id = group.group_id
        job = self._make_job(f"collect {group_id}", lambda: self._groups.members_of(group_id))
        place = free_place(tuple(self._places().values()))
        self._jobs[group_id] = job
        self._scheduler.every(
            job,
            interval_seconds=self._interval.total_seconds(),
            first_after_seconds=FIRST_FIRE_SECONDS + place * self._interval.total_seconds(),
            job_id=group_id,
            afterwards=lambda: self._even_out(group_id),
        )

    def _close_group(self, group_id: str) -> None:
        del self._jobs[group_id]
        self._scheduler.cancel(group_id)

    def _even_out(self, group_id: str) -> None:
        """Right after the group's fire, when its members are fresh: they may go elsewhere, and the next fire may come
        earlier."""
        if self._groups.dissolve(group_id):
            self._close_group(group_id)
            return
        places = self._places()
        own = places.pop(group_id, None)
        if own is None:
            return
        better = better_place(own, tuple(places.values()))
        if better is not None and better < own:  # later only where a slow member had this fire end late
            self._scheduler.move(group_id, self._clock() + better * self._interval)

    def _places(self) -> dict[str, float]:
        """Of every group's next fire, in an interval that begins now."""
        now = self._clock()
        fires = ((group_id, self._scheduler.next_fire_at(group_id)) for group_id in self._jobs)
        return {group_id: (at - now) / self._interval % 1.0 for group_id, at in fires if at is not None}
