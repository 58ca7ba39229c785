"""Letting go of history that is older than configured."""

from datetime import datetime, timedelta
from typing import Protocol

from cmlfleet.application.clock import Clock
from cmlfleet.application.services.recurrent_background_job import RecurrentBackgroundJob

RAW_SAMPLES = timedelta(hours=48)
"""How long every single reading is kept; what is older is kept as means over five minutes."""


class History(Protocol):
    """Condenses or deletes what is older than a moment."""

    async def condense_samples_before(self, moment: datetime) -> int: ...
    async def delete_samples_before(self, moment: datetime) -> int: ...
    async def delete_events_before(self, moment: datetime) -> int: ...
    async def delete_audit_before(self, moment: datetime) -> int: ...


class RetentionJob(RecurrentBackgroundJob):
    """Runs now and then; a missed run is made up for by the next."""

    def __init__(
        self, *, history: History, samples_days: int, events_days: int, audit_days: int, clock: Clock
    ) -> None:
        super().__init__(name="retention", clock=clock)
        self._history = history
        self._samples = timedelta(days=samples_days)
        self._events = timedelta(days=events_days)
        self._audit = timedelta(days=audit_days)

    async def work_async(self) -> None:
        """Every kind of history."""
        now = self._clock()
        await self._history.condense_samples_before(now - RAW_SAMPLES)
        await self._history.delete_samples_before(now - self._samples)
        await self._history.delete_events_before(now - self._events)
        await self._history.delete_audit_before(now - self._audit)
