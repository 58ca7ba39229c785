"""What the one process that leads does besides."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from cmlfleet.application.ports.cluster import CoordinationUnavailable, Term
from cmlfleet.application.services.outbox_delivery import OutboxDelivery
from cmlfleet.application.services.saved_records import SavedRecords
from cmlfleet.composition.coordination import Foundation
from cmlfleet.composition.housekeeping import Housekeeping
from cmlfleet.messaging.group_queue import RedisGroupQueue
from cmlfleet.messaging.group_register import RedisGroupRegister
from cmlfleet.messaging.job_store import job_store
from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.redis_link import RedisLink, reached
from cmlfleet.observability.event_log import log_event
from cmlfleet.scheduling.leader_groups import LeaderGroups
from cmlfleet.scheduling.recurrent_jobs import RecurrentJobs

TEND_EVERY_SECONDS = 3.0


class Leader:
    """The schedule, the delivery of events, adoption, retention and the push of the workers' gauges, for one term
    after another. `told` hears of every saved record, whoever saved it."""

    def __init__(
        self, foundation: Foundation, *, link: RedisLink, keys: Keys, told: SavedRecords, refused: Callable[[], None]
    ) -> None:
        self._foundation = foundation
        self._link = link
        self._keys = keys
        self._told = told
        self._refused = refused
        self._delivery: OutboxDelivery | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def is_leading(self) -> bool:
        """Now."""
        return self._delivery is not None

    def wake_delivery(self) -> None:
        """Events were committed, somewhere."""
        if self._delivery is not None:
            self._delivery.wake()

    async def lead(self, term: Term) -> None:
        """Until it is cancelled. Raises StorageUnavailable and CoordinationUnavailable."""
        foundation = self._foundation
        queue = RedisGroupQueue(self._link, self._keys)
        groups = LeaderGroups(
            term=term,
            interval_seconds=foundation.settings.refresh_interval,
            workers=foundation.storage.workers,
            register=RedisGroupRegister(self._link, self._keys),
            queue=queue,
            job_store=job_store(self._link, self._keys),
            refused=self._refused,
            clock=foundation.clock,
        )
        delivery = self._delivery = OutboxDelivery(outbox=foundation.storage.outbox, handlers={"log": log_event})
        jobs = RecurrentJobs(clock=foundation.clock, misfire_grace_seconds=foundation.settings.refresh_interval)
        housekeeping = Housekeeping(foundation)
        housekeeping.add_to(jobs)
        self._told.subscribe(groups.follow)
        beside = [asyncio.ensure_future(housekeeping.sweep_once_known()), asyncio.ensure_future(self._tend(queue))]
        try:
            delivery.start()
            jobs.start()
            foundation.metrics.push_workers()
            await groups.lead()
        finally:
            self._told.unsubscribe(groups.follow)
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            self._delivery = None
            await delivery.close()
            queue.close()
            # The next leader need not wait for an adoption sweep of ours, nor for the last push.
            self._let_end(jobs.close())
            self._let_end(asyncio.to_thread(foundation.metrics.push_workers_no_more))

    async def close(self) -> None:
        """Wait for what earlier terms left running."""
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _let_end(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _tend(self, queue: RedisGroupQueue) -> None:
        while True:
            self.wake_delivery()  # for events that nobody told of
            with contextlib.suppress(CoordinationUnavailable):
                await queue.heartbeat()
                standings = msgspec.json.encode(self._foundation.standings.all())
                async with reached():
                    await self._link.client.set(self._keys.standings, standings)
            await asyncio.sleep(TEND_EVERY_SECONDS)
