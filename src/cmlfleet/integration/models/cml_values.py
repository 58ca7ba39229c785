"""How CML writes times and quantities, read the same way in every DTO."""

from datetime import UTC, datetime

Number = int | float
"""CML's back end changed from one JSON library to another: a quantity may come as either."""


def parse_time(text: str | None) -> datetime | None:
    """A time of CML's as aware UTC: ISO 8601 with an offset, or `YYYY-MM-DD HH:MM:SS`, which is read as UTC.

    None and empty text are no time. Raises `ValueError` for anything else.
    """
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def percent(value: Number | None) -> float | None:
    """A percentage within 0 to 100; rounding may carry CML's own a little over. Negative is no figure."""
    if value is None or value < 0:
        return None
    return min(float(value), 100.0)


def share_percent(used: Number | None, total: Number | None) -> float | None:
    """`used` of `total` in percent, None where either is unknown or the total is nothing."""
    if used is None or not total or total < 0:
        return None
    return percent(100.0 * used / total)


def whole(value: Number | None) -> int | None:
    """A count or a number of bytes, None where it is unknown or negative."""
    return None if value is None or value < 0 else int(value)
