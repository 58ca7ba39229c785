"""From what a reader asks for to SQL."""

import math
import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Float, Integer, and_, literal, or_

from cmlfleet.application.clock import Clock
from cmlfleet.application.ports.reading import GONE_WORKERS_SHOWN_FOR, InvalidCriteria
from cmlfleet.application.queries.criteria import FigureFilter, WorkerCriteria
from cmlfleet.persistence import tables
from cmlfleet.persistence.contains import contains
from cmlfleet.persistence.team_limits import within
from cmlfleet.persistence.worker_rows import LABEL_SEPARATOR

_INTERNAL = frozenset({"document", "search", "labels_index", "certificate", "gone_at", "version"})
FIELDS = {column.name: column for column in tables.workers.c if column.name not in _INTERNAL}
"""What one may filter and sort by, by the names of the API."""

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def conditions(criteria: WorkerCriteria, *, clock: Clock) -> list[ColumnElement[bool]]:
    """Every condition must hold. Raises InvalidCriteria."""
    workers = tables.workers.c
    found: list[ColumnElement[bool]] = []
    for column, values in (
        (workers.status, criteria.status),
        (workers.region, criteria.region),
        (workers.account_id, criteria.account_id),
        (workers.health, criteria.health),
    ):
        if values:
            found.append(column.in_(values))
    if not criteria.status:
        found.append(shown(clock=clock))
    for key, value in criteria.labels:
        wanted = f"{LABEL_SEPARATOR}{key}=" + ("" if value is None else value + LABEL_SEPARATOR)
        found.append(contains(workers.labels_index, wanted))
    if criteria.q:
        found.append(contains(workers.search, criteria.q.casefold()))
    found += [_figure(figure) for figure in criteria.figures]
    found += within(criteria.within, workers)
    return found


def shown(*, clock: Clock) -> ColumnElement[bool]:
    """Not gone, or gone for less than a day."""
    gone_at = tables.workers.c.gone_at
    return or_(gone_at.is_(None), gone_at > clock() - GONE_WORKERS_SHOWN_FOR)


def column_of(name: str) -> Any:
    """Raises InvalidCriteria naming what there is."""
    try:
        return FIELDS[name]
    except KeyError:
        raise InvalidCriteria(f"no field {name!r}; there are: {', '.join(sorted(FIELDS))}") from None


def _figure(figure: FigureFilter) -> ColumnElement[bool]:
    column = column_of(figure.field)
    try:
        compare = _COMPARE[figure.operator]
    except KeyError:
        raise InvalidCriteria(f"no operator {figure.operator!r}; there are: {', '.join(_COMPARE)}") from None
    return compare(column, converted(column, figure.value))


def converted(column: Any, value: Any) -> Any:
    """The value, to be compared with the column. Raises InvalidCriteria."""
    wanted = column.type
    try:
        if isinstance(wanted, tables.UTCDateTime):
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if isinstance(wanted, Boolean):
            return literal({"true": True, "false": False}[str(value).lower()], Boolean())
        if isinstance(wanted, Float | Integer):
            # As a float for counts too: over 3.5 are 4 and more, and no figure is too large to compare with.
            return literal(_finite(float(value)), Float())
    except (KeyError, ValueError, TypeError, OverflowError):
        raise InvalidCriteria(f"{value!r} is no value for {column.name}: {_allowed(wanted)}") from None
    return str(value)


def _allowed(wanted: Any) -> str:
    if isinstance(wanted, tables.UTCDateTime):
        return "give a time, such as 2026-11-24T12:00:00Z"
    return "give true or false" if isinstance(wanted, Boolean) else "give a number"


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(number)
    return number


def after(column: Any, identity: Any, *, value: Any, last_id: Any, descending: bool) -> ColumnElement[bool]:
    """What comes after a row in the order of value (unknown ones last) and id."""
    if value is None:
        return and_(column.is_(None), identity > last_id)
    beyond = column < value if descending else column > value
    return or_(beyond, and_(column == value, identity > last_id), column.is_(None))
