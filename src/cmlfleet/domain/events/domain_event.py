"""What every domain event carries."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import uuid4

from cmlfleet.domain.cause import Cause
from cmlfleet.domain.identifiers import EventId, WorkerId


def _new_event_id() -> EventId:
    return EventId(uuid4().hex)


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """A fact in the past tense. Handlers may see it more than once and are idempotent by `event_id`."""

    worker_id: WorkerId
    occurred_at: datetime
    cause: Cause
    event_id: EventId = field(default_factory=_new_event_id)

    @property
    def type_name(self) -> str:
        """The name under which the event is stored and shown."""
        return type(self).__name__

    def data(self) -> dict[str, Any]:
        """What is particular to this kind of event: before, after and their like."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name not in _COMMON}


_COMMON = frozenset(entry.name for entry in fields(DomainEvent))
