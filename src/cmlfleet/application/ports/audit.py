"""The audit trail: what was changed, and what was refused. It can be added to and read, nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cmlfleet.application.queries.criteria import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is different now. `what` is a domain event's name, or names the kind of record."""

    what: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did, or tried, what. `result` is `done`, `refused` or `failed`; `request` is the message without secrets.

    `actor_kind` tells a user from a token of the same name: `user`, `openid`, `token`, `bootstrap`, `server` (beside
    the service's database), `service`, `anonymous`.
    """

    id: str
    at: datetime
    actor: str
    actor_kind: str
    role: str
    address: str | None
    action: str
    worker_id: str | None
    request: Mapping[str, Any]
    changes: Sequence[Change] = field(default_factory=tuple[Change, ...])
    result: str
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCriteria:
    """Newest first; each given criterion must hold, several values of one are alternatives."""

    actor: str | None = None
    actions: tuple[str, ...] = ()
    worker_id: str | None = None
    results: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 100
    cursor: str | None = None


class AuditTrail(Protocol):
    """Raises `StorageUnavailable`."""

    async def add(self, entry: AuditEntry) -> None: ...
    async def find(self, criteria: AuditCriteria) -> Page[AuditEntry]:
        """One page. Raises InvalidCriteria too."""
        ...
