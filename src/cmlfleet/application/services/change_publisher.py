"""Telling other processes what this one has committed."""

import asyncio
from dataclasses import dataclass, field, replace

import structlog

from cmlfleet.application.ports.change_feed import ChangeFeed, FeedEntry
from cmlfleet.application.ports.cluster import CoordinationUnavailable
from cmlfleet.application.ports.storage import Operation
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import WorkerId

GATHER_SECONDS = 0.1  # commits of a group come close together: one entry tells them all
RETRY_SECONDS = 1.0

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Untold:
    saved: dict[WorkerId, int] = field(default_factory=dict[WorkerId, int])
    removed: dict[WorkerId, None] = field(default_factory=dict[WorkerId, None])
    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])
    has_events: bool = False

    def as_entry(self) -> FeedEntry:
        return FeedEntry(
            saved=self.saved,
            removed=tuple(self.removed),
            operations=tuple(self.operations.values()),
            has_events=self.has_events,
        )

    def followed_by(self, later: "_Untold") -> "_Untold":
        return _Untold(
            saved=self.saved | later.saved,
            removed=self.removed | later.removed,
            operations=self.operations | later.operations,
            has_events=self.has_events or later.has_events,
        )


class ChangePublisher:
    """Publishes after the commit, soon, and never in its way. While the feed is away, the latest of each is kept.

    What was not published when the process dies is found by comparing with the database.
    """

    def __init__(self, feed: ChangeFeed) -> None:
        self._feed = feed
        self._untold = _Untold()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """From now on."""
        self._task = asyncio.ensure_future(self._run())

    def follow(self, before: CMLWorkerState | None, after: CMLWorkerState | None) -> None:
        """A record was saved, or (after None) forgotten."""
        if after is not None:
            self._untold.saved[after.id] = after.version
        elif before is not None:
            self._untold.removed[before.id] = None
        self._woken.set()

    def events_committed(self) -> None:
        """Events wait for their delivery."""
        self._untold.has_events = True
        self._woken.set()

    def operation(self, operation: Operation) -> None:
        """An operation made progress."""
        self._untold.operations[operation.id] = replace(operation, items=[])
        self._woken.set()

    async def close(self) -> None:
        """Publish what is left."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._woken.is_set():
            try:
                await self._publish()
            except CoordinationUnavailable as error:
                logger.warning("changes_not_published", error=str(error))

    async def _run(self) -> None:
        is_told = False
        while True:
            await self._woken.wait()
            await asyncio.sleep(GATHER_SECONDS)
            try:
                await self._publish()
                is_told = False
            except CoordinationUnavailable as error:
                if not is_told:
                    logger.warning("changes_not_published", error=str(error))
                is_told = True
                await asyncio.sleep(RETRY_SECONDS)

    async def _publish(self) -> None:
        telling, self._untold = self._untold, _Untold()
        self._woken.clear()
        try:
            await self._feed.publish(telling.as_entry())
        except BaseException:
            self._untold = telling.followed_by(self._untold)
            self._woken.set()
            raise
