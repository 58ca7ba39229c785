"""What a reader may ask the stored records for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from cmlfleet.application.team_limit import TeamLimit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FigureFilter:
    """`cpu_utilization.gt=80` as field, operator (`gt`, `gte`, `lt`, `lte`, `eq`, `ne`) and value."""

    field: str
    operator: str
    value: float | int | str | bool | datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerCriteria:
    """Each given criterion must hold; several values of one are alternatives.

    Workers gone for over 24 hours are left out unless `status` asks for them. `sort` is a field name, `-` in front
    for descending. `cursor` is what an earlier page gave as its `next_cursor`. `within` leaves out what lies outside.
    `offset` skips that many, for who jumps to a page by its number.
    """

    status: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    account_id: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    labels: tuple[tuple[str, str | None], ...] = ()
    q: str | None = None
    figures: tuple[FigureFilter, ...] = ()
    within: TeamLimit | None = None
    sort: str = "name"
    limit: int = 100
    cursor: str | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCriteria:
    """Newest first; `types` are names of domain events. `within` looks at where a worker is now, or was when it was
    forgotten."""

    worker_id: str | None = None
    types: tuple[str, ...] = ()
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    within: TeamLimit | None = None
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list; `next_cursor` None: there is no more. `total` counts all that match."""

    items: tuple[T, ...]
    next_cursor: str | None
    total: int
