"""What Redis knows of the cluster, looked up now and then so that every process can show it at once."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from cmlfleet.application.ports.cluster import CoordinationUnavailable
from cmlfleet.application.ports.group_queue import StoredGroup
from cmlfleet.application.queries.system_views import MonitoringGroupView, ProcessView, QueueView
from cmlfleet.application.services.scope_standing import ScopeStanding
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.messaging.group_messages import slot_time
from cmlfleet.messaging.group_register import RedisGroupRegister
from cmlfleet.messaging.keys import CONSUMERS, Keys
from cmlfleet.messaging.process_registry import ProcessRegistry, leader_of
from cmlfleet.messaging.redis_link import RedisLink, reached

LOOK_EVERY_SECONDS = 1.0

logger = structlog.get_logger(__name__)

_standings = msgspec.json.Decoder(tuple[ScopeStanding, ...])


class ClusterBoard:
    """Implements `MonitoringSchedule` and `ClusterStatus` for a process that reads them. While Redis is away it shows
    nothing, rather than what may no longer be so."""

    def __init__(
        self, link: RedisLink, keys: Keys, *, note_standings: Callable[[Sequence[ScopeStanding]], None]
    ) -> None:
        self._redis = link.client
        self._keys = keys
        self._register = RedisGroupRegister(link, keys)
        self._registry = ProcessRegistry(link, keys)
        self._note_standings = note_standings
        self._groups: Sequence[StoredGroup] = ()
        self._groups_version: bytes | None = None
        self._group_of: dict[WorkerId, str] = {}
        self._next_fires: dict[str, datetime] = {}
        self._last_fires: dict[str, datetime] = {}
        self._processes: Sequence[ProcessView] = ()
        self._queue = QueueView(waiting=0, taken=0)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on."""
        self._task = asyncio.ensure_future(self._run())

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def ensure(self, worker_id: WorkerId, account_id: AccountId, region: Region) -> None:
        """Nothing to do: the leader follows what is saved."""

    def remove(self, worker_id: WorkerId) -> None:
        """Nothing to do: the leader follows what is saved."""

    def next_refresh_at(self, worker_id: WorkerId) -> datetime | None:
        """When the worker's group fires next."""
        group_id = self._group_of.get(worker_id)
        return None if group_id is None else self._next_fires.get(group_id)

    def groups(self) -> Sequence[MonitoringGroupView]:
        """Every group with its last and next fire."""
        return [
            MonitoringGroupView(
                id=group.group_id,
                account_id=group.account_id,
                region=group.region,
                workers=len(group.members),
                next_fire_at=self._next_fires.get(group.group_id),
                last_fire_at=self._last_fires.get(group.group_id),
            )
            for group in self._groups
        ]

    def processes(self) -> Sequence[ProcessView]:
        """Those that have said lately that they live."""
        return self._processes

    def queue(self) -> QueueView | None:
        """What waits, and what was taken."""
        return self._queue

    async def _run(self) -> None:
        is_told = False
        while True:
            try:
                await self._look()
                is_told = False
            except CoordinationUnavailable as error:
                if not is_told:
                    logger.warning("cluster_not_seen", error=str(error))
                is_told = True
                self._groups, self._groups_version, self._processes = (), None, ()
                self._group_of, self._next_fires, self._last_fires = {}, {}, {}
            except Exception:
                logger.exception("cluster_not_understood")
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _look(self) -> None:
        async with reached(), self._redis.pipeline(transaction=False) as pipe:
            pipe.get(self._keys.leader)
            pipe.get(self._keys.groups_version)
            pipe.zrange(self._keys.run_times, 0, -1, withscores=True)
            pipe.hgetall(self._keys.fires)
            pipe.get(self._keys.standings)
            pipe.exists(self._keys.queue)
            leader, version, run_times, fires, standings, has_queue = await pipe.execute()
        if version != self._groups_version:
            self._groups = sorted(await self._register.load(), key=lambda group: group.group_id)
            self._group_of = {member: group.group_id for group in self._groups for member in group.members}
            self._groups_version = version
        self._next_fires = {name.decode(): datetime.fromtimestamp(at, UTC) for name, at in run_times}
        self._last_fires = {name.decode(): slot_time(int(slot)) for name, slot in fires.items()}
        if standings is not None:
            with contextlib.suppress(msgspec.DecodeError):  # another version leads
                self._note_standings(_standings.decode(standings))
        self._queue = await self._look_at_queue() if has_queue else QueueView(waiting=0, taken=0)
        leads = "" if leader is None else leader_of(leader)
        living = await self._registry.living()
        self._processes = [replace(process, leads=process.id == leads) for process in living]

    async def _look_at_queue(self) -> QueueView:
        async with reached():
            consumers: list[dict[str, Any]] = await self._redis.xinfo_groups(self._keys.queue)
        for group in consumers:
            if group["name"] == CONSUMERS.encode():
                return QueueView(waiting=group["lag"] or 0, taken=group["pending"])
        return QueueView(waiting=0, taken=0)
