"""Changes as they are saved, to whoever listens: resumable, coalesced, bounded."""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any
from uuid import uuid4

from cmlfleet.api.stream_audience import Part
from cmlfleet.api.stream_messages import (
    RESET,
    Told,
    fleet_updated,
    operation_updated,
    worker_removed,
    worker_updated,
)
from cmlfleet.application.ports.storage import Operation
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState

KEPT_MESSAGES = 10_000  # for who reconnects; about a minute of a large fleet
LISTENER_QUEUE = 2_000  # a listener further behind is told to read everything again
COALESCE_SECONDS = 1.0  # at most one message a worker in this time
AWAITED_SECONDS = 60.0  # for who lost the connection; later nobody comes back for what was missed
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One server-sent event. Who heard it resumes with its `id`."""

    number: int
    id: str
    told: Told


class Ending(Enum):
    """Why a listener's stream ends."""

    TOO_FAR_BEHIND = auto()
    STOPPING = auto()


class Resumption:
    """How a listener goes on: with what it missed, and then with what comes."""

    def __init__(self, missed: Sequence[StreamMessage] = ()) -> None:
        self.missed = missed

    def is_news(self, message: StreamMessage) -> bool:
        """Whether the listener has not heard it yet."""
        return True

    def id_after(self, message: StreamMessage) -> str:
        """Where the listener resumes after the message."""
        return message.id


Queue = asyncio.Queue[StreamMessage | Ending]


class StreamHub:
    """Follows saved records and operations. While nobody listens or is awaited back, it makes no messages."""

    def __init__(self, *, clock: Callable[[], datetime], kept_messages: int | None = None) -> None:
        self._clock = clock
        self._epoch = uuid4().hex[:8]
        self._number = 0
        self._kept: deque[StreamMessage] = deque(maxlen=KEPT_MESSAGES if kept_messages is None else kept_messages)
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
                self._send(worker_removed(before.id, before))
                self._send(fleet_updated([before]))
            return
        self._first_before.setdefault(after.id, before)
        self._latest[after.id] = after
        if self._flusher is None:
            self._flusher = asyncio.get_running_loop().call_later(COALESCE_SECONDS, self._flush)

    def operation(self, operation: Operation) -> None:
        """An operation made progress."""
        self._send(operation_updated(operation))

    async def listen(
        self, last_event_id: str | None, limit: TeamLimit | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Messages from where the listener left off, else from now on; `reset` when that is no longer known.

        The first words of a new listener are an id alone: who loses the connection before anything happened comes
        back without a gap too. With a team limit only what lies within it.
        """
        with self._joined() as queue:
            resumption: Resumption | None = Resumption()
            if last_event_id is None:
                yield {"id": self._id(), "comment": "from now on"}
            else:
                resumption = await self._resume(last_event_id, limit)
            if resumption is None:
                yield _framed(self._id(), RESET)
                resumption = Resumption()
            for message in resumption.missed:
                if (part := message.told.part(limit)) is not None:
                    yield _framed(message.id, part)
            while not isinstance(message := await queue.get(), Ending):
                if resumption.is_news(message) and (part := message.told.part(limit)) is not None:
                    yield _framed(resumption.id_after(message), part)
            if message is Ending.TOO_FAR_BEHIND:
                yield _framed(self._id(), RESET)

    def begin_anew(self) -> None:
        """What is stored is another history now: whoever listens, or comes back, reads everything again."""
        self._epoch = uuid4().hex[:8]
        self._kept.clear()
        self._latest.clear()
        self._first_before.clear()
        for queue in tuple(self._listeners):
            self._end(queue, Ending.TOO_FAR_BEHIND)

    def close(self) -> None:
        """End every listener's stream; they come back to the next process."""
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

    async def _resume(self, last_event_id: str, limit: TeamLimit | None) -> Resumption | None:
        epoch, _, number = last_event_id.partition("-")
        if epoch != self._epoch or len(number) > _MOST_DIGITS or not (number.isascii() and number.isdigit()):
            return None
        last = int(number)
        if last > self._number or last < self._unsent_until or (self._kept and last < self._kept[0].number - 1):
            return None
        return Resumption([message for message in self._kept if message.number > last])

    def _id(self) -> str:
        """Of what was sent last."""
        return f"{self._epoch}-{self._number}"

    def _flush(self) -> None:
        self._flusher = None
        latest, self._latest = self._latest, {}
        first_before, self._first_before = self._first_before, {}
        if not self._listeners and time.monotonic() - self._left_at > AWAITED_SECONDS:
            self._number += 1
            self._unsent_until = self._number
            self._kept.clear()
            self._told_all()
            return
        now = self._clock()
        for worker_id, after in latest.items():
            update = worker_updated(first_before[worker_id], after, now=now)
            if update is not None:
                self._send(update)
        self._told_all()
        if latest:
            self._send(fleet_updated([*filter(None, first_before.values()), *latest.values()]))

    def _told_all(self) -> None:
        """Whatever was followed until now has been sent, but for the news that the fleet has changed."""

    def _send(self, told: Told) -> None:
        self._number += 1
        message = StreamMessage(self._number, self._id(), told)
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


def _framed(message_id: str, part: Part) -> dict[str, Any]:
    return {"id": message_id, "event": part.event, "data": part.data}
