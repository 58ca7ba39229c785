"""Events go from the outbox to their handlers: at least once, in order per worker."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from cmlfleet.application.ports.storage import Outbox, StorageUnavailable, StoredEvent

EventHandler = Callable[[StoredEvent], Awaitable[None]]
"""Does one thing with an event, and does no harm when it sees it twice (`event_id`)."""

IN_ONE_GO = 500
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0

logger = structlog.get_logger(__name__)


class OutboxDelivery:
    """Woken after commits; drains what an earlier process owed when it starts.

    An event that a handler fails on is tried again, with longer pauses; only later events of the same worker wait.
    """

    def __init__(self, *, outbox: Outbox, handlers: Mapping[str, EventHandler]) -> None:
        self._outbox = outbox
        self._handlers = dict(handlers)
        self._unmarked: set[int] = set()  # handed over, but the database could not be told
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, with what is owed from before."""
        self._woken.set()
        self._task = asyncio.ensure_future(self._run())

    def wake(self) -> None:
        """Events were committed."""
        self._woken.set()

    async def close(self) -> None:
        """Stop; what is not delivered stays owed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def drain_once(self) -> bool:
        """Deliver all that is pending; whether anything was left undelivered. Raises StorageUnavailable."""
        stuck: set[str] = set()
        last = 0
        while True:
            # Goes on behind what is stuck: one worker's undeliverable backlog must not keep the others waiting.
            events = await self._outbox.pending(limit=IN_ONE_GO, after=last)
            done: list[int] = []
            for event in events:
                last = event.sequence
                if event.worker_id in stuck:
                    continue
                if event.sequence in self._unmarked or await self._deliver(event):
                    done.append(event.sequence)
                else:
                    stuck.add(event.worker_id)
            if done:
                self._unmarked.update(done)
                await self._outbox.delivered(done)
                self._unmarked.difference_update(done)
            if len(events) < IN_ONE_GO:
                return bool(stuck)

    async def _run(self) -> None:
        pause_seconds = FIRST_PAUSE_SECONDS
        is_out_of_reach = False
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                left = await self.drain_once()
            except StorageUnavailable as error:
                if not is_out_of_reach:
                    logger.warning("outbox_unreachable", error=str(error))
                is_out_of_reach = left = True
            else:
                if is_out_of_reach:
                    logger.info("outbox_reachable_again")
                is_out_of_reach = False
            if not left:
                pause_seconds = FIRST_PAUSE_SECONDS
                continue
            self._woken.set()
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(LONGEST_PAUSE_SECONDS, pause_seconds * 2)

    async def _deliver(self, event: StoredEvent) -> bool:
        for name, handler in self._handlers.items():
            try:
                await handler(event)
            except Exception as error:
                logger.warning("event_not_delivered", handler=name, event_id=event.event_id, error=repr(error))
                return False
        return True
