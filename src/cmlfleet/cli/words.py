"""Figures in words that a person reads at a glance."""

from datetime import UTC, datetime
from typing import Any

UNKNOWN = "\N{EN DASH}"
_STATUS_COLOURS = {
    "running": "green",
    "pending": "cyan",
    "stopping": "yellow",
    "shutting-down": "yellow",
    "stopped": "dim",
    "terminated": "dim",
    "missing": "red",
}
_HEALTH_COLOURS = {
    "ready": "green",
    "booting": "cyan",
    "degraded": "red",
    "unreachable": "bold red",
    "unlicensed": "yellow",
    "off": "dim",
    "unknown": "magenta",
}


def age(moment: str | None, *, now: datetime | None = None) -> str:
    """`12 s ago`, from the API's time."""
    if moment is None:
        return UNKNOWN
    return f"{duration(seconds_since(moment, now=now))} ago"


def seconds_since(moment: str, *, now: datetime | None = None) -> float:
    """From the API's time to now, never negative."""
    return max(0.0, ((now or datetime.now(UTC)) - datetime.fromisoformat(moment)).total_seconds())


def duration(seconds: float | None) -> str:
    """The two largest units at most."""
    if seconds is None:
        return UNKNOWN
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def percent(value: float | None) -> str:
    """Whole percent."""
    return UNKNOWN if value is None else f"{value:.0f} %"


def status(word: str) -> str:
    """EC2's word in its colour."""
    return _coloured(word, _STATUS_COLOURS)


def health(word: str) -> str:
    """The verdict in its colour."""
    return _coloured(word, _HEALTH_COLOURS)


def money(value: float | None) -> str:
    """US dollars an hour."""
    return UNKNOWN if value is None else f"{value:.2f}"


def of(part: Any, whole: Any) -> str:
    """`3 of 20`."""
    if part is None:
        return UNKNOWN
    return str(part) if whole is None else f"{part} of {whole}"


def failing(sources: dict[str, Any]) -> str:
    """Each failing source with its code and since when."""
    words = [
        f"{name}: {source['error_code']} since {age(source['failing_since']).removesuffix(' ago')}"
        for name, source in sources.items()
        if source["outcome"] == "error"
    ]
    return ", ".join(words)


def _coloured(word: str, colours: dict[str, str]) -> str:
    colour = colours.get(word)
    return f"[{colour}]{word}[/]" if colour else word
