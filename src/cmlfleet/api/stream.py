"""Changes as they are saved, to whoever listens: resumable, coalesced, bounded."""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any
from uuid import uuid4

import msgspec

from cmlfleet.api.stream_audience import Audience, OfOperation, OfWorkers, OfWorkerThatMoved, Part, scope_of
from cmlfleet.application.ports.storage import Operation
from cmlfleet.application.queries.worker_view import worker_view
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState

KEPT_MESSAGES = 10_000  # for who reconnects; about a minute of a large fleet
LISTENER_QUEUE = 2_000  # a listener further behind is told to read everything again
COALESCE_SECONDS = 1.0  # at most one message a worker in this time
AWAITED_SECONDS = 60.0  # for who lost the connection; later nobody comes back for what was missed
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One server-sent event."""

    number: int
    whole: Part
    audience: Audience | None = None
    """None: everybody."""

    def part(self, limit: TeamLimit | None) -> Part | None:
        """What of it somebody with the limit gets."""
        return self.whole if limit is None or self.audience is None else self.audience.part(self.whole, limit)


class Ending(Enum):
    """Why a listener's stream ends."""

    TOO_FAR_BEHIND = auto()
    STOPPING = auto()


Queue = asyncio.Queue[StreamMessage | Ending]


class StreamHub:
    """Follows saved records and operations. While nobody listens or is awaited back, it makes no messages."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._epoch = uuid4().hex[:8]
        self._number = 0
        self._kept: deque[StreamMessage] = deque(maxlen=KEPT_MESSAGES)
        self._listeners: set[Queue] = set()
        self._first_before: dict[str, CMLWorkerState | None] = {}
        self._latest: dict[str, CMLWorkerState] = {}
        self._flusher: asyncio.TimerHandle | None = None
        self._unsent_until = 0
        self._left_at = -math.inf

    def follow(self, before: CMLWorkerState | None, after: CMLWorkerState | None) -> None:
        """A record was saved, or (after None) forgotten."""
        if after is None:
            if before is not None:
                self._latest.pop(before.id, None)
                self._first_before.pop(before.id, None)
                audience = OfWorkers((scope_of(before),))
                self._send(_removal(before.id), audience)
                self._send(_FLEET_UPDATED, audience)
            return
        self._first_before.setdefault(after.id, before)
        self._latest[after.id] = after
        if self._flusher is None:
            self._flusher = asyncio.get_running_loop().call_later(COALESCE_SECONDS, self._flush)

    def operation(self, operation: Operation) -> None:
        """An operation made progress."""
        body = msgspec.to_builtins(operation)
        del body["items"]
        self._send(_part("operation.updated", body), OfOperation(operation.within))

    async def listen(
        self, last_event_id: str | None, limit: TeamLimit | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Messages from where the listener left off, else from now on; `reset` when that is no longer known.

        The first words of a new listener are an id alone: who loses the connection before anything happened comes
        back without a gap too. With a team limit only what lies within it.
        """
        with self._joined() as queue:
            missed = self._since(last_event_id)
            if missed is None:
                yield self._framed(self._number, _RESET)
            elif last_event_id is None:
                yield {"id": self._id(self._number), "comment": "from now on"}
            for message in missed or ():
                if (part := message.part(limit)) is not None:
                    yield self._framed(message.number, part)
            while not isinstance(message := await queue.get(), Ending):
                if (part := message.part(limit)) is not None:
                    yield self._framed(message.number, part)
            if message is Ending.TOO_FAR_BEHIND:
                yield self._framed(self._number, _RESET)

    def close(self) -> None:
        """End every listener's stream; they come back to the next process, which tells them to read all again."""
        if self._flusher is not None:
            self._flusher.cancel()
            self._flusher = None
        for queue in tuple(self._listeners):
            self._end(queue, Ending.STOPPING)

    @contextmanager
    def _joined(self) -> Any:
        queue: Queue = asyncio.Queue(LISTENER_QUEUE)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)
            self._left_at = time.monotonic()

    def _since(self, last_event_id: str | None) -> list[StreamMessage] | None:
        if last_event_id is None:
            return []
        epoch, _, number = last_event_id.partition("-")
        if epoch != self._epoch or len(number) > _MOST_DIGITS or not (number.isascii() and number.isdigit()):
            return None
        last = int(number)
        if last > self._number or last < self._unsent_until or (self._kept and last < self._kept[0].number - 1):
            return None
        return [message for message in self._kept if message.number > last]

    def _framed(self, number: int, part: Part) -> dict[str, Any]:
        return {"id": self._id(number), "event": part.event, "data": part.data}

    def _id(self, number: int) -> str:
        return f"{self._epoch}-{number}"

    def _flush(self) -> None:
        self._flusher = None
        latest, self._latest = self._latest, {}
        first_before, self._first_before = self._first_before, {}
        if not self._listeners and time.monotonic() - self._left_at > AWAITED_SECONDS:
            self._number += 1
            self._unsent_until = self._number
            self._kept.clear()
            return
        now = self._clock()
        for worker_id, after in latest.items():
            before = first_before[worker_id]
            changes = changed_fields(before, after, now=now)
            if changes:
                self._send(_update(after, changes), self._audience_of(before, after, now=now))
        if latest:
            changed = [*filter(None, first_before.values()), *latest.values()]
            self._send(_FLEET_UPDATED, OfWorkers([scope_of(state) for state in changed]))

    @staticmethod
    def _audience_of(before: CMLWorkerState | None, after: CMLWorkerState, *, now: datetime) -> Audience:
        if before is None or scope_of(before) == scope_of(after):
            return OfWorkers((scope_of(after),))
        return OfWorkerThatMoved(
            before=scope_of(before),
            after=scope_of(after),
            removal=_removal(after.id),
            arrival=_update(after, changed_fields(None, after, now=now)),
        )

    def _send(self, part: Part, audience: Audience) -> None:
        self._number += 1
        message = StreamMessage(self._number, part, audience)
        self._kept.append(message)
        for queue in tuple(self._listeners):
            try:
                queue.put_nowait(message)
            except asyncio.QueueFull:
                self._end(queue, Ending.TOO_FAR_BEHIND)

    def _end(self, queue: Queue, ending: Ending) -> None:
        self._listeners.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(ending)


def _part(event: str, data: Any) -> Part:
    return Part(event, msgspec.json.encode(data).decode())


def _removal(worker_id: str) -> Part:
    return _part("worker.removed", {"id": worker_id})


def _update(state: CMLWorkerState, changes: dict[str, Any]) -> Part:
    return _part("worker.updated", {"id": state.id, "version": state.version, "changes": changes})


_RESET = Part("reset", "{}")
_FLEET_UPDATED = Part("fleet.updated", "{}")


def changed_fields(before: CMLWorkerState | None, after: CMLWorkerState, *, now: datetime) -> dict[str, Any]:
    """The fields of the public record that differ, with their new values; all of them for a new worker."""
    new = msgspec.to_builtins(worker_view(after, now=now))
    if before is None:
        return new
    old = msgspec.to_builtins(worker_view(before, now=now))
    return {name: value for name, value in new.items() if old[name] != value and name != "version"}
