"""Jobs that run again and again in this process's event loop."""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from cmlfleet.application.clock import Clock
from cmlfleet.application.services.recurrent_background_job import RecurrentBackgroundJob

CLOSE_SECONDS = 10.0  # what runs may finish within this

logger = structlog.get_logger(__name__)


class RecurrentJobs:
    """APScheduler with its store in memory. A late fire is made up for once, and only a job that allows it runs over
    itself."""

    def __init__(self, *, clock: Clock, misfire_grace_seconds: int) -> None:
        self._clock = clock
        self._running: set[asyncio.Task[None]] = set()
        self._told_to_be_slow: set[str] = set()
        self._scheduler: Any = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "misfire_grace_time": misfire_grace_seconds},
        )
        self._scheduler.add_listener(self._still_runs, EVENT_JOB_MAX_INSTANCES)

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
        self,
        job: RecurrentBackgroundJob,
        *,
        interval_seconds: float,
        first_after_seconds: float = 0.0,
        job_id: str | None = None,
        afterwards: Callable[[], None] | None = None,
    ) -> None:
        """Run the job now and then; `afterwards` follows each run."""

        async def fire() -> None:
            task = asyncio.current_task()
            if task is not None:
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            with contextlib.suppress(asyncio.CancelledError):  # only `close` cancels: nothing that failed
                await job.run_async()
                self._told_to_be_slow.discard(job_id or job.name)
                if afterwards is not None:
                    afterwards()

        self._scheduler.add_job(
            fire,
            "interval",
            seconds=interval_seconds,
            id=job_id or job.name,
            max_instances=sys.maxsize if job.may_overlap else 1,
            next_run_time=self._clock() + timedelta(seconds=first_after_seconds),
        )

    def cancel(self, job_id: str) -> None:
        """Fire it no more; what runs goes on."""
        self._scheduler.remove_job(job_id)

    def move(self, job_id: str, next_fire_at: datetime) -> None:
        """Have its next fire then, and the following ones an interval apart from it."""
        self._scheduler.modify_job(job_id, next_run_time=next_fire_at)

    def next_fire_at(self, job_id: str) -> datetime | None:
        """None: there is no such job."""
        scheduled = self._scheduler.get_job(job_id)
        return None if scheduled is None else getattr(scheduled, "next_run_time", None)

    def _still_runs(self, event: Any) -> None:
        """A fire is left out because the one before has not ended: told once for each run."""
        if event.job_id not in self._told_to_be_slow:
            self._told_to_be_slow.add(event.job_id)
            logger.warning("job_still_running", job=event.job_id)
