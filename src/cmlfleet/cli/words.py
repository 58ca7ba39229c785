"""Figures in words that a person reads at a glance."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from cmlfleet.cli.layout import Cell

UNKNOWN = "\N{EN DASH}"
_STATUS_STYLES = {
    "running": "green",
    "pending": "cyan",
    "stopping": "yellow",
    "shutting-down": "yellow",
    "stopped": "dim",
    "terminated": "dim",
    "missing": "red",
}
_HEALTH_STYLES = {
    "ready": "green",
    "booting": "cyan",
    "degraded": "red",
    "unreachable": "bold red",
    "unlicensed": "yellow",
    "off": "dim",
    "unknown": "magenta",
}

_OUTCOME_STYLES = {"ok": "green", "error": "red", "no_data": "yellow", "skipped": "dim"}
_LAB_STYLES = {"STARTED": "green", "STOPPED": "dim", "DEFINED_ON_CORE": "dim"}


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


def status(word: str) -> Cell:
    """EC2's word in its colour."""
    return Cell(word, _STATUS_STYLES.get(word, ""))


def health(word: str) -> Cell:
    """The verdict in its colour."""
    return Cell(word, _HEALTH_STYLES.get(word, ""))


def outcome(word: str | None) -> Cell:
    """What a source answered, in its colour."""
    return Cell(word or UNKNOWN, _OUTCOME_STYLES.get(word or "", ""))


def lab_state(word: str) -> Cell:
    """CML's word in its colour."""
    return Cell(word, _LAB_STYLES.get(word, ""))


def truth(value: bool | None) -> Cell:
    """Yes or no, where no is bad."""
    return Cell(UNKNOWN) if value is None else Cell("yes", "green") if value else Cell("no", "red")


def money(value: float | None) -> str:
    """US dollars an hour."""
    return UNKNOWN if value is None else f"{value:.2f}"


def of(part: Any, whole: Any) -> str:
    """`3 of 20`."""
    if part is None:
        return UNKNOWN
    return str(part) if whole is None else f"{part} of {whole}"


def failing(sources: Mapping[str, Any]) -> str:
    """Each failing source with its code and since when, and each that is stale with when it was read."""
    found: list[str] = []
    for name, source in sources.items():
        if source["outcome"] == "error":
            found.append(f"{name}: {source['error_code']} for {since(source['failing_since'])}")
        elif source["stale"]:
            found.append(f"{name}: last read {age(source['read_at'])}")
    return ", ".join(found)


def since(moment: str | None) -> str:
    """How long ago, without the word."""
    return UNKNOWN if moment is None else duration(seconds_since(moment))


def moment(text: str | None) -> str:
    """The API's time to the second."""
    return UNKNOWN if text is None else f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def due(text: str | None) -> str:
    """When something is to happen; `now` for what is happening."""
    return "now" if text is not None and datetime.fromisoformat(text) <= datetime.now(UTC) else moment(text)


def counts(numbers: Mapping[str, int]) -> str:
    """`3 running, 1 stopped`."""
    return ", ".join(f"{count} {word}" for word, count in sorted(numbers.items()))


def change(data: Mapping[str, Any]) -> str:
    """What an event says: what was, what is, and whatever else it carries."""
    before, after = data.get("before"), data.get("after")
    rest = [
        f"{key}: {_value(value)}"
        for key, value in data.items()
        if key not in ("before", "after") and value is not None
    ]
    if isinstance(before, dict) or isinstance(after, dict):
        was, now = cast("dict[str, Any]", before or {}), cast("dict[str, Any]", after or {})
        steps = [
            f"{key}: {step(was.get(key), now.get(key))}" for key in {**was, **now} if was.get(key) != now.get(key)
        ]
    else:
        steps = [step(before, after)] if "before" in data or "after" in data else []
    return ", ".join([*steps, *rest])


def step(before: Any, after: Any) -> str:
    """From what to what."""
    return _value(after) if before is None else f"{_value(before)} \N{RIGHTWARDS ARROW} {_value(after)}"


def _value(value: Any) -> str:
    if value is None:
        return UNKNOWN
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
