"""The simulator's own time: real by default, faster or moved by hand in tests."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

_LONGEST_NAP_SECONDS = 0.05  # so that a sleeper notices `advance` soon without being registered anywhere


class SimulationClock:
    """Time for everything that is simulated; `speed` 10 lets ten simulated seconds pass in one."""

    def __init__(self, *, speed: float = 1.0, start_at: datetime | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self._started_at = start_at or datetime.now(UTC)
        self._real_start = time.monotonic()
        self._advanced_seconds = 0.0

    def monotonic(self) -> float:
        """Simulated seconds since the clock was made."""
        return (time.monotonic() - self._real_start) * self.speed + self._advanced_seconds

    def now(self) -> datetime:
        """The simulated moment, aware, UTC."""
        return self._started_at + timedelta(seconds=self.monotonic())

    def advance(self, seconds: float) -> None:
        """Jump forward; whoever sleeps past that moment wakes."""
        if seconds < 0:
            raise ValueError(f"time does not run backwards ({seconds} s)")
        self._advanced_seconds += seconds

    async def sleep(self, seconds: float) -> None:
        """Return once that many simulated seconds have passed."""
        wake_at = self.monotonic() + seconds
        while (left := wake_at - self.monotonic()) > 0:  # noqa: ASYNC110 - `advance` moves the deadline
            await asyncio.sleep(min(left / self.speed, _LONGEST_NAP_SECONDS))
