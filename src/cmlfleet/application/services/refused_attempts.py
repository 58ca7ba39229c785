"""Requests that came no further than the door, for the audit trail."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from cmlfleet.application.attempt_limits import counted_as
from cmlfleet.application.audit_entries import add_entry
from cmlfleet.application.clock import Clock
from cmlfleet.application.ports.audit import AuditEntry, AuditTrail
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.application.principal import ANYONE

WRITTEN_EVERY = timedelta(minutes=1)  # for one sender and reason: who guesses fast must not fill the database
MOST_REMEMBERED = 10_000  # pairs of sender and reason; beyond this the oldest is written anew
LONGEST_ATTEMPT = 256  # characters: the path is the stranger's own text


@dataclass(slots=True)
class _Seen:
    since: datetime
    more: int = 0


class RefusedAttempts:
    """Writes the first of a minute at once, and how many more there were with the next one after it."""

    def __init__(self, *, trail: AuditTrail, clock: Clock, observe_failure: Callable[[], None]) -> None:
        self._trail = trail
        self._clock = clock
        self._observe_failure = observe_failure
        self._seen: OrderedDict[tuple[str, str], _Seen] = OrderedDict()

    async def note(self, *, address: str | None, attempt: str, why: str) -> None:
        """`attempt` is what was asked for. An entry that cannot be written is in the log and counted."""
        now, key = self._clock(), (counted_as(address), why)
        seen = self._seen.get(key)
        if seen is not None and now - seen.since < WRITTEN_EVERY:
            seen.more += 1
            return
        self._seen[key] = _Seen(since=now)
        self._seen.move_to_end(key)
        while len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)
        more = "" if seen is None or not seen.more else f"; {seen.more} more like it since {seen.since.isoformat()}"
        entry = AuditEntry(
            id=uuid4().hex,
            at=now,
            actor=ANYONE.name,
            actor_kind=ANYONE.kind.value,
            role="none",
            address=address,
            action=attempt[:LONGEST_ATTEMPT],
            worker_id=None,
            request={},
            result="refused",
            detail=why + more,
        )
        try:
            await add_entry(self._trail, entry, observe_failure=self._observe_failure)
        except StorageUnavailable:
            return  # the request is refused either way; `add_entry` has said what was lost
