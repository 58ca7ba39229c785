"""How a source's standing changes with each attempt, and when it is worth asking again."""

from datetime import datetime, timedelta

from cmlfleet.domain.sources import ErrorCode, Outcome, SourceStatus

PATIENT_FAILURES = 3  # attempts at the usual pace before it slows down: most trouble is over by then
MOST_SLOWED = 10  # times the pace at most, so that what heals is seen within minutes
STALE_AFTER_PERIODS = 3


def is_news(status: SourceStatus, read_at: datetime) -> bool:
    """Whether a fact read at that time is newer than all that was taken in before."""
    return status.attempted_at is None or read_at > status.attempted_at


def note_answer(status: SourceStatus, *, read_at: datetime, outcome: Outcome, next_due_at: datetime) -> None:
    """A good answer, with or without data; only one with data counts as a reading."""
    status.outcome = outcome
    status.reason = None
    status.error_code = None
    status.attempted_at = read_at
    status.failing_since = None
    status.failures = 0
    status.next_due_at = next_due_at
    if outcome is Outcome.OK:
        status.read_at = read_at


def note_failure(
    status: SourceStatus,
    *,
    read_at: datetime,
    code: ErrorCode,
    detail: str | None,
    pace_seconds: int,
    patient: bool,
) -> None:
    """A failed attempt. `patient` keeps the usual pace; otherwise it slows down."""
    status.outcome = Outcome.ERROR
    status.error_code = code
    status.reason = detail
    status.attempted_at = read_at
    status.failing_since = status.failing_since or read_at
    status.failures += 1
    excess = 0 if patient else max(0, status.failures - PATIENT_FAILURES)
    turns = min(MOST_SLOWED, 2**excess)
    status.next_due_at = read_at + timedelta(seconds=pace_seconds * turns)


def note_skipped(status: SourceStatus, *, at: datetime, reason: str) -> None:
    """The source was not asked for a reason that lies in the worker; what it failed with before is over."""
    status.outcome = Outcome.SKIPPED
    status.reason = reason
    status.error_code = None
    status.attempted_at = at
    status.failing_since = None
    status.failures = 0
    status.announced = False
    status.next_due_at = None


def is_stale(status: SourceStatus, *, now: datetime) -> bool:
    """Whether the last good reading is older than three of its periods although the source is being asked."""
    if status.read_at is None or status.outcome in (None, Outcome.SKIPPED):
        return False
    return now - status.read_at > timedelta(seconds=STALE_AFTER_PERIODS * status.period_seconds)
