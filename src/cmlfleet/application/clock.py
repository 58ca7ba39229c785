"""The time, as the application is given it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present moment as aware UTC."""


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)
