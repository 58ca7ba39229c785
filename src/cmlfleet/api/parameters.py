"""Query parameters: one or many values, figures with operators, and nothing unknown."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum

from starlette.datastructures import QueryParams

from cmlfleet.application.errors import InvalidRequest
from cmlfleet.application.queries.criteria import EventCriteria, FigureFilter, WorkerCriteria
from cmlfleet.domain.entities.cml_worker_state import Health, WorkerStatus
from cmlfleet.domain.events.cml_worker import EVENT_TYPES

OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte")
LARGEST_PAGE = 1000
DEFAULT_PAGE = 100
_ENTITY_TAG = re.compile(r'(W/)?"([^"]{0,20})"')
_ENTITY_TAGS = re.compile(rf"\s*{_ENTITY_TAG.pattern}(\s*,\s*{_ENTITY_TAG.pattern})*\s*")
_WORKER_PARAMETERS = ("status", "region", "account_id", "health", "q", "label", "sort", "limit", "cursor", "offset")


def only(parameters: QueryParams, allowed: Iterable[str]) -> None:
    """Raises InvalidRequest for a parameter that would be ignored in silence."""
    known = tuple(allowed)
    for name in parameters:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; known are: {', '.join(known) or 'none'}"
            raise InvalidRequest(f"unknown parameter {name!r}{hint}")


def values(parameters: QueryParams, name: str) -> tuple[str, ...]:
    """Repeated, or separated by commas."""
    return tuple(part for text in parameters.getlist(name) for part in plain(text).split(",") if part)


def statuses(texts: Iterable[str]) -> tuple[str, ...]:
    """EC2's words for a state. Raises InvalidRequest for another one."""
    return _words_of(WorkerStatus, "status", texts)


def healths(texts: Iterable[str]) -> tuple[str, ...]:
    """The words for health. Raises InvalidRequest for another one."""
    return _words_of(Health, "health", texts)


def event_types(texts: Iterable[str]) -> tuple[str, ...]:
    """Names of domain events. Raises InvalidRequest for another one."""
    found = tuple(texts)
    for text in found:
        if text not in EVENT_TYPES:
            close = get_close_matches(text, EVENT_TYPES, n=3)
            raise InvalidRequest(f"no event is called {text!r}; there are: {', '.join(close or sorted(EVENT_TYPES))}")
    return found


def label_filters(texts: Iterable[str]) -> tuple[tuple[str, str | None], ...]:
    """A key with the value it must have, or with None for any. Raises InvalidRequest without a key."""
    found: list[tuple[str, str | None]] = []
    for text in texts:
        key, equals, value = plain(text).partition("=")
        if not key:
            raise InvalidRequest("label is key=value or key")
        found.append((key, value if equals else None))
    return tuple(found)


def _words_of(kind: type[StrEnum], name: str, texts: Iterable[str]) -> tuple[str, ...]:
    found, known = tuple(texts), [word.value for word in kind]
    for text in found:
        if text not in known:
            raise InvalidRequest(f"{text!r} is no {name}; there are: {', '.join(known)}")
    return found


def text_of(parameters: QueryParams, name: str) -> str | None:
    """None where the parameter is absent or empty. Raises InvalidRequest for what no database can hold."""
    return plain(parameters[name]) if parameters.get(name) else None


def plain(text: str) -> str:
    """Raises InvalidRequest for what no database can hold."""
    if "\x00" in text:
        raise InvalidRequest("text must not hold a NUL character")
    return text


def versions_of(if_match: str | None) -> frozenset[int] | None:
    """The versions of which a change was asked for (RFC 9110, 13.1.1); None: of any. A weak tag is of none, as in
    the RFC. Raises InvalidRequest."""
    if if_match is None or if_match.strip() == "*":
        return None
    if _ENTITY_TAGS.fullmatch(if_match) is None:
        raise InvalidRequest(f'If-Match: {if_match!r} is no ETag as GET answers it, such as "12"')
    tags = _ENTITY_TAG.findall(if_match)
    return frozenset(int(tag) for weak, tag in tags if not weak and tag.isascii() and tag.isdigit())


def aware(moment: datetime | None) -> datetime | None:
    """One without a zone is UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def page_size(parameters: QueryParams) -> int:
    """Raises InvalidRequest outside 1 to 1000."""
    text = parameters.get("limit", str(DEFAULT_PAGE))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= LARGEST_PAGE):
        raise InvalidRequest(f"limit is a whole number from 1 to {LARGEST_PAGE}")
    return int(text)


def event_criteria(
    parameters: QueryParams, *, worker_id: str | None, start: datetime | None, end: datetime | None
) -> EventCriteria:
    """What a list of events was asked for. Raises InvalidRequest."""
    since, until = aware(start), aware(end)
    if since is not None and until is not None and since > until:
        raise InvalidRequest("'from' must lie before 'to'")
    return EventCriteria(
        worker_id=worker_id,
        types=event_types(values(parameters, "type")),
        actor=text_of(parameters, "actor"),
        since=since,
        until=until,
        limit=page_size(parameters),
        cursor=text_of(parameters, "cursor"),
    )


def whole_step(moment: datetime, *, step_seconds: int) -> datetime:
    """The last multiple of the step, counted from 1970, so that each request's steps are the same."""
    return datetime.fromtimestamp(moment.timestamp() // step_seconds * step_seconds, UTC)


def _offset(parameters: QueryParams) -> int:
    text = parameters.get("offset", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise InvalidRequest("offset is a whole number from 0 to 9999999")
    return int(text)


def worker_criteria(parameters: QueryParams) -> WorkerCriteria:
    """What `GET /api/v1/workers` was asked for. Raises InvalidRequest."""
    figures: list[FigureFilter] = []
    rest: list[str] = []
    for name, value in parameters.multi_items():
        field, dot, operator = name.rpartition(".")
        if dot and operator not in OPERATORS:
            raise InvalidRequest(f"unknown operator {operator!r} in {name!r}; there are: {', '.join(OPERATORS)}")
        if dot:
            figures.append(FigureFilter(plain(field), operator, plain(value)))
        else:
            rest.append(name)
    only(QueryParams([(name, "") for name in rest]), _WORKER_PARAMETERS)
    return WorkerCriteria(
        status=statuses(values(parameters, "status")),
        region=values(parameters, "region"),
        account_id=values(parameters, "account_id"),
        health=healths(values(parameters, "health")),
        labels=label_filters(parameters.getlist("label")),
        q=text_of(parameters, "q"),
        figures=tuple(figures),
        sort=plain(parameters.get("sort") or "name"),
        limit=page_size(parameters),
        cursor=text_of(parameters, "cursor"),
        offset=_offset(parameters),
    )
