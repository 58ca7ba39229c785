"""What a command changed, from where it is known to the audit trail, without every signature carrying it."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from cmlfleet.application.ports.audit import Change
from cmlfleet.domain.events.domain_event import DomainEvent

_noted: ContextVar[list[Change] | None] = ContextVar("noted_changes", default=None)


@contextmanager
def noting_changes() -> Generator[list[Change]]:
    """The list fills with what is noted meanwhile, in tasks that were started meanwhile too."""
    changes: list[Change] = []
    token = _noted.set(changes)
    try:
        yield changes
    finally:
        _noted.reset(token)


def are_noted() -> bool:
    """Whether a message is being carried out already whose changes are noted."""
    return _noted.get() is not None


def note_change(what: str, *, before: Any, after: Any) -> None:
    """Call it after the commit. Nothing secret may be in it."""
    if (changes := _noted.get()) is not None:
        changes.append(Change(what=what, before=before, after=after))


def note_event(event: DomainEvent) -> None:
    """A domain event that was committed."""
    if _noted.get() is None:
        return
    data = event.data()
    before, after = data.pop("before", None), data.pop("after", None)
    note_change(event.type_name, before=before, after=data if after is None else after)
