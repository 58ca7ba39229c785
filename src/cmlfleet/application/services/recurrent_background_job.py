"""A job that runs again and again, over itself only where it says so."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import structlog

from cmlfleet.application.clock import Clock

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """How one run went; `error` None: as it should."""

    job: str
    started_at: datetime
    finished_at: datetime
    error: str | None = None


JobObserver = Callable[[JobRun], None]


class RecurrentBackgroundJob(ABC):
    """Thin: it dispatches and tells its observers, it decides nothing. An exception is an observation."""

    may_overlap: ClassVar[bool] = False
    """Whether a run may begin while the one before goes on: it then has to leave out what still goes on."""

    def __init__(self, *, name: str, clock: Clock, observers: Sequence[JobObserver] = ()) -> None:
        self.name = name
        self.last_run: JobRun | None = None
        self._clock = clock
        self._observers = tuple(observers)
        self._runs_now = 0

    @property
    def is_running(self) -> bool:
        """Whether a run has begun and not ended."""
        return self._runs_now > 0

    @abstractmethod
    async def work_async(self) -> None:
        """One run."""

    async def run_async(self) -> None:
        """Run once, unless the run before has not ended yet and must not be overtaken."""
        if self._runs_now and not self.may_overlap:
            return
        self._runs_now += 1
        started_at, error = self._clock(), None
        failed_before = self.last_run is not None and self.last_run.error is not None
        try:
            await self.work_async()
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
            if not failed_before:
                logger.warning("job_failed", job=self.name, error=error)
        else:
            if failed_before:
                logger.info("job_recovered", job=self.name)
        finally:
            self._runs_now -= 1
        run = JobRun(job=self.name, started_at=started_at, finished_at=self._clock(), error=error)
        if self.last_run is None or self.last_run.started_at <= started_at:
            self.last_run = run
        for observer in self._observers:
            observer(run)
