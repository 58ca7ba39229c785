"""One process among several, by Redis: it leads, takes groups, and answers, as its roles say."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from cmlfleet.api.feed_stream import FeedStreamHub
from cmlfleet.application.ports.change_feed import FeedEntry, FeedPosition
from cmlfleet.application.ports.cluster import CoordinationUnavailable
from cmlfleet.application.ports.storage import Operation
from cmlfleet.application.queries.system_views import ProcessView, QueueView
from cmlfleet.application.services.change_publisher import ChangePublisher
from cmlfleet.application.services.followed_records import FollowedRecords
from cmlfleet.application.services.group_runner import GroupRunner
from cmlfleet.application.services.operation_runner import SILENT_SECONDS
from cmlfleet.application.services.saved_records import SavedRecords
from cmlfleet.application.services.scope_standing import ScopeStanding
from cmlfleet.composition.coordination import Foundation
from cmlfleet.composition.leader import Leader
from cmlfleet.composition.process_views import process_view
from cmlfleet.messaging.change_feed import RedisChangeFeed
from cmlfleet.messaging.cluster_board import ClusterBoard
from cmlfleet.messaging.group_receiver import GroupReceiver
from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.leader_lease import RedisLeaderLease
from cmlfleet.messaging.process_registry import SAY_EVERY_SECONDS, ProcessRegistry
from cmlfleet.messaging.redis_link import RedisLink
from cmlfleet.messaging.shared_refreshes import SharedRefreshes
from cmlfleet.persistence.migrate import require_current
from cmlfleet.scheduling.leadership import Leadership


class Cluster:
    """Implements `Coordination`. Who saves tells the feed; who shows follows it."""

    silent_seconds = SILENT_SECONDS

    def __init__(self, foundation: Foundation, *, redis_url: str) -> None:
        self._foundation = foundation
        self._link = link = RedisLink(redis_url)
        self._keys = keys = Keys()
        feed = RedisChangeFeed(link, keys)
        self._told = SavedRecords()
        self._publisher = ChangePublisher(feed)
        self._followed = FollowedRecords(
            feed=feed,
            workers=foundation.storage.workers,
            records=self._told,
            entries=self._heard,
            reached=self._reached,
        )
        self.hub = FeedStreamHub(clock=foundation.clock, feed=feed, record_of=self._followed.get)
        self.sharing = SharedRefreshes(link, keys)
        self.monitoring = ClusterBoard(link, keys, note_standings=self._note_standings)
        self._registry = ProcessRegistry(link, keys)
        self._leader = Leader(foundation, link=link, keys=keys, told=self._told, refused=self._refused)
        self._leadership = Leadership(
            lease=RedisLeaderLease(link, keys),
            fences=foundation.storage.installation,
            process_id=foundation.process_id,
            lead=self._leader.lead,
        )
        self._receiver: GroupReceiver | None = None
        self._started_at = foundation.clock()
        self._saying: asyncio.Task[None] | None = None

    def wake_delivery(self) -> None:
        """Events were committed."""
        self._publisher.events_committed()

    def observe_operation(self, operation: Operation) -> None:
        """An operation made progress."""
        self._publisher.operation(operation)

    async def prepare(self) -> None:
        """Raises StorageUnavailable, SchemaMismatch and CannotJoin."""
        storage = self._foundation.storage
        await require_current(storage.database)
        await self._link.check()
        self._keys.installation = await storage.installation.name()

    async def start(self, roles: Sequence[str]) -> None:
        """Raises StorageUnavailable and CoordinationUnavailable."""
        foundation = self._foundation
        await self._followed.start()
        foundation.worker_metrics.load(self._followed.states())
        self._told.subscribe(foundation.worker_metrics.follow)
        foundation.saved_records.subscribe(self._publisher.follow)
        foundation.saved_records.subscribe(self._followed.follow_own)
        self._publisher.start()
        if "api" in roles:
            self._told.subscribe(self.hub.follow)
            self.monitoring.start()
        if "worker" in roles:
            runner = GroupRunner(
                mediator=foundation.mediator(), ping=foundation.storage.database.ping, clock=foundation.clock
            )
            self._receiver = GroupReceiver(self._link, self._keys, process_id=foundation.process_id, run=runner.run)
            self._receiver.start()
        if "scheduler" in roles:
            self._leadership.start()
        self._saying = asyncio.ensure_future(self._say())

    async def stop_work(self) -> None:
        """Hand the lead to the next one at once, let groups that run finish, and hand back the rest."""
        self.hub.close()
        await self._leadership.close()
        if self._receiver is not None:
            await self._receiver.close()
        await self._leader.close()

    async def close(self) -> None:
        """Tell what is left to tell."""
        if self._saying is not None:
            self._saying.cancel()
            await asyncio.gather(self._saying, return_exceptions=True)
        await self._publisher.close()
        await self._followed.close()
        await self.monitoring.close()
        with contextlib.suppress(CoordinationUnavailable):
            await self._registry.forget(self._foundation.process_id)
        await self._link.close()

    async def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Without Redis the API goes on; what schedules and refreshes waits."""
        try:
            leader = await self._registry.leader()
        except CoordinationUnavailable as error:
            return "api" in self._foundation.settings.roles, {"redis": str(error)}
        return True, {"redis": "ok", "leader": leader or "nobody"}

    def processes(self) -> Sequence[ProcessView]:
        """Those that are known to live; this one does."""
        found = self.monitoring.processes()
        if any(process.id == self._foundation.process_id for process in found):
            return found
        return [*found, self._own_view()]

    def queue(self) -> QueueView | None:
        """What waits, and what was taken."""
        return self.monitoring.queue()

    def _heard(self, position: FeedPosition, entry: FeedEntry) -> None:
        for operation in entry.operations:
            self.hub.operation(operation)
        if entry.has_events:
            self._leader.wake_delivery()

    def _reached(self, position: FeedPosition) -> None:
        self.hub.reached(position)

    def _refused(self) -> None:
        self._leadership.refused()

    def _note_standings(self, standings: Sequence[ScopeStanding]) -> None:
        if not self._leader.is_leading:
            self._foundation.standings.replace(standings)

    def _own_view(self) -> ProcessView:
        return process_view(
            self._foundation,
            started_at=self._started_at,
            leads=False,
            groups_running=0 if self._receiver is None else self._receiver.running,
        )

    async def _say(self) -> None:
        while True:
            with contextlib.suppress(CoordinationUnavailable):
                await self._registry.say(self._own_view())
            await asyncio.sleep(SAY_EVERY_SECONDS)
