"""Moments that somebody asks about."""

from datetime import UTC, datetime

from cmlfleet.application.ports.reading import InvalidCriteria


def in_utc(moment: datetime) -> datetime:
    """Raises InvalidCriteria for one that UTC's calendar does not have."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidCriteria(f"{moment.isoformat()} lies outside the calendar, in UTC") from None
