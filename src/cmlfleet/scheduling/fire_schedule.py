"""The leader's APScheduler: its jobs are in Redis, it runs in a thread of its own, and it runs nothing itself."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from apscheduler.executors.base import BaseExecutor
from apscheduler.jobstores.base import BaseJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from cmlfleet.application.ports.cluster import CoordinationUnavailable

RETRY_SECONDS = 1.0  # after the job store failed

Fire = Callable[[str, datetime], None]
"""Puts the group on the queue for the slot, in the scheduler's thread."""

logger = structlog.get_logger(__name__)


def group_is_due(group_id: str) -> None:
    """What the jobs in the store name, so that any process can read them. The executor fires instead of calling."""
    raise RuntimeError(f"{group_id} is put on the queue, not run by the scheduler")


class FireSchedule:
    """One job a group, an interval apart. Every method blocks for as long as the job store does, and raises
    CoordinationUnavailable when that fails."""

    def __init__(self, *, store: BaseJobStore, interval_seconds: int, fire: Fire) -> None:
        self._interval_seconds = interval_seconds
        self._scheduler: Any = _Scheduler(
            timezone=UTC,
            jobstores={"default": store},
            executors={"default": _FireExecutor(fire)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )

    def load(self) -> None:
        """Begin without firing yet."""
        with _store_reached():
            self._scheduler.start(paused=True)
            for job in self._scheduler.get_jobs():
                if job.trigger.interval.total_seconds() != self._interval_seconds:  # it was configured otherwise
                    self._scheduler.reschedule_job(job.id, trigger=self._trigger())

    def next_fires(self) -> dict[str, datetime]:
        """Every group's next fire as the store has it."""
        with _store_reached():
            return {job.id: job.next_run_time for job in self._scheduler.get_jobs()}

    def fire_from_now_on(self) -> None:
        """What became due meanwhile is made up for, once."""
        self._scheduler.resume()

    def open(self, group_id: str, first_fire_at: datetime) -> None:
        """Fire this group from then on."""
        with _store_reached():
            self._scheduler.add_job(
                group_is_due,
                self._trigger(),
                args=(group_id,),
                id=group_id,
                next_run_time=first_fire_at,
                replace_existing=True,
            )

    def close(self, group_id: str) -> None:
        """Fire this group no more; nothing happens when it has no job."""
        with _store_reached():
            if self._scheduler.get_job(group_id) is not None:
                self._scheduler.remove_job(group_id)

    def move(self, group_id: str, next_fire_at: datetime) -> None:
        """Have its next fire then, and the following ones an interval apart from it."""
        with _store_reached():
            self._scheduler.modify_job(group_id, next_run_time=next_fire_at)

    def stop(self) -> None:
        """Fire nothing more; the jobs stay for the next leader."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _trigger(self) -> IntervalTrigger:
        return IntervalTrigger(seconds=self._interval_seconds, timezone=UTC)


@contextmanager
def _store_reached() -> Generator[None]:
    try:
        yield
    except Exception as error:  # whatever the store is made of
        raise CoordinationUnavailable(f"the job store cannot be used: {error!r}") from error


class _FireExecutor(BaseExecutor):
    """An executor that has nothing to execute: whether a run has ended is known to those who run it."""

    def __init__(self, fire: Fire) -> None:
        super().__init__()
        self._fire = fire

    def submit_job(self, job: Any, run_times: list[datetime]) -> None:
        """Fires the last of the times that are due."""
        self._do_submit_job(job, run_times)

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        self._fire(job.id, run_times[-1])


class _Scheduler(BackgroundScheduler):
    """APScheduler's thread ends when the job store fails in the middle of a pass; ours tries again. A job whose time
    was not moved on is due again then, and its slot is not fired twice."""

    def _process_jobs(self) -> Any:
        try:
            return super()._process_jobs()
        except Exception as error:
            logger.warning("schedule_not_read", error=str(error))
            return RETRY_SECONDS
