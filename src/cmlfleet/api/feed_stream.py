"""The event stream of a process among several: its ids are places in the feed that all of them follow."""

from collections.abc import Callable, Sequence
from datetime import datetime

from cmlfleet.api.stream import Resumption, StreamHub, StreamMessage
from cmlfleet.api.stream_messages import GONE, Told, operation_updated, worker_removed, worker_updated
from cmlfleet.application.ports.change_feed import ChangeFeed, FeedEntry, FeedPosition
from cmlfleet.application.ports.cluster import CoordinationUnavailable
from cmlfleet.application.ports.storage import Operation
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import WorkerId

_MOST_DIGITS = 18


class FeedStreamHub(StreamHub):
    """A listener may come back to any process. What it missed is read from the feed, and told as records are now."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        feed: ChangeFeed,
        record_of: Callable[[WorkerId], CMLWorkerState | None],
    ) -> None:
        super().__init__(clock=clock, kept_messages=0)  # the feed keeps
        self._feed = feed
        self._record_of = record_of
        self._followed: FeedPosition | None = None
        self._sent: FeedPosition | None = None

    def reached(self, position: FeedPosition) -> None:
        """Everything up to there has been followed."""
        self._followed = position
        if self._flusher is None:
            self._sent = position

    def _told_all(self) -> None:
        self._sent = self._followed

    def _id(self) -> str:
        return "" if self._sent is None else _as_id(self._sent)

    async def _resume(self, last_event_id: str, limit: TeamLimit | None) -> Resumption | None:
        heard, sent = _as_position(last_event_id), self._sent
        if heard is None or sent is None or heard.epoch != sent.epoch:
            return None
        if limit is not None:
            return None  # which workers came into and left the limit meanwhile, the feed does not tell
        try:
            # A process that lags behind the one the listener comes from sends again what the listener has heard.
            entries = await self._feed.since(min(heard, sent))
        except CoordinationUnavailable:
            return None
        if entries is None:
            return None
        resumption = _FeedResumption(heard)
        missed: list[FeedEntry] = []
        for position, entry in entries:
            if position > heard:
                missed.append(entry)
            else:
                resumption.versions.update(entry.saved)
                resumption.versions.update(dict.fromkeys(entry.removed, GONE))
        messages = [StreamMessage(0, last_event_id, told) for told in self._missed(missed)]
        resumption.missed = [message for message in messages if resumption.is_news(message)]
        return resumption

    def _missed(self, entries: Sequence[FeedEntry]) -> list[Told]:
        """As things are now. What is not loaded yet comes to the listener with everybody else's messages."""
        saved: dict[WorkerId, int] = {}
        removed: dict[WorkerId, None] = {}
        operations: dict[str, Operation] = {}
        for entry in entries:
            saved |= entry.saved
            removed |= dict.fromkeys(entry.removed)
            operations |= {operation.id: operation for operation in entry.operations}
        told: list[Told] = [worker_removed(worker_id, None) for worker_id in removed]
        for worker_id, version in saved.items():
            record = self._record_of(worker_id)
            if record is not None and record.version >= version and worker_id not in removed:
                update = worker_updated(None, record, now=self._clock())
                told += [] if update is None else [update]
        return [*told, *map(operation_updated, operations.values())]


class _FeedResumption(Resumption):
    """Remembers which versions the listener has heard, and never sends it back in the feed."""

    def __init__(self, heard: FeedPosition) -> None:
        super().__init__()
        self._heard = heard
        self.versions: dict[WorkerId, float] = {}

    def is_news(self, message: StreamMessage) -> bool:
        told = message.told
        if told.worker_id is None:
            return True
        if told.version <= self.versions.get(told.worker_id, 0):
            return False
        self.versions[told.worker_id] = told.version
        return True

    def id_after(self, message: StreamMessage) -> str:
        position = _as_position(message.id)
        if position is not None and (position.epoch != self._heard.epoch or position > self._heard):
            self._heard = position
        return _as_id(self._heard)


def _as_id(position: FeedPosition) -> str:
    return f"{position.epoch}-{position.milliseconds}-{position.number}"


def _as_position(text: str) -> FeedPosition | None:
    epoch, *numbers = text.split("-")
    if len(numbers) != 2 or not all(_is_number(number) for number in numbers):
        return None
    return FeedPosition(epoch=epoch, milliseconds=int(numbers[0]), number=int(numbers[1]))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
