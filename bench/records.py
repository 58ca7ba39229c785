"""What the records of a running service say, read from its database file: asking the service would be work for it."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Records:
    """Of every worker, by name."""

    file: Path

    def ages(self) -> dict[str, float]:
        """Seconds since the last refresh of each that had one."""
        now = datetime.now(UTC)
        rows = _rows(self.file, "SELECT name, last_refreshed_at FROM workers WHERE last_refreshed_at IS NOT NULL")
        return {name: (now - _moment(text)).total_seconds() for name, text in rows}

    def statuses(self) -> dict[str, str]:
        """As EC2 last said."""
        return dict(_rows(self.file, "SELECT name, status FROM workers"))


@dataclass
class Refreshes:
    """Looked at every few seconds: the ages, and how often each worker was refreshed.

    Lost is a gap of more than one and a half intervals between two refreshes of a worker; doubled are two within half
    an interval, or two between two looks.
    """

    file: Path
    interval_seconds: float
    ages: list[float] = field(default_factory=list[float])
    done: int = 0
    lost: int = 0
    doubled: int = 0
    _last: dict[str, tuple[datetime, int]] = field(default_factory=dict[str, tuple[datetime, int]])

    def look(self) -> None:
        """Now."""
        now = datetime.now(UTC)
        for worker_id, text, version in self._rows():
            refreshed_at = _moment(text)
            self.ages.append((now - refreshed_at).total_seconds())
            before = self._last.get(worker_id)
            self._last[worker_id] = (refreshed_at, version)
            if before is None or before[0] == refreshed_at:
                continue
            self.done += version - before[1]
            gap = (refreshed_at - before[0]).total_seconds()
            self.lost += gap > 1.5 * self.interval_seconds
            self.doubled += gap < 0.5 * self.interval_seconds or version - before[1] > 1

    def _rows(self) -> Sequence[tuple[str, str, int]]:
        return _rows(
            self.file, "SELECT id, last_refreshed_at, version FROM workers WHERE last_refreshed_at IS NOT NULL"
        )


def _rows(file: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of them lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def wait_until(moment: float) -> None:
    """On `time.monotonic`'s clock."""
    time.sleep(max(0.0, moment - time.monotonic()))
