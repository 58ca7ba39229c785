"""The monitoring groups of a cluster, as its leader keeps them."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from apscheduler.jobstores.base import BaseJobStore

from cmlfleet.application.clock import Clock
from cmlfleet.application.ports.cluster import CoordinationUnavailable, Term
from cmlfleet.application.ports.group_queue import (
    FireOutcome,
    GroupFire,
    GroupQueue,
    GroupRegister,
    StoredGroup,
)
from cmlfleet.application.ports.storage import KnownInstance, StorageUnavailable, WorkerStore
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.scheduling.fire_schedule import FireSchedule
from cmlfleet.scheduling.groups import MonitoringGroups
from cmlfleet.scheduling.spread import better_place, free_place

LOOK_EVERY_SECONDS = 15.0  # at the database and the job store: what no message told
RETRY_SECONDS = 1.0  # after Redis failed; if it stays away the term ends anyway
FIRST_FIRE_SECONDS = 0.5  # a new group is refreshed at once; what comes at the same moment comes along

logger = structlog.get_logger(__name__)


class LeaderGroups:
    """Keeps the groups for one term: the database says who is monitored, the register who is in which group.

    What is to be written is first noted and then written, members before schedule, as often as it takes; the
    beginning of a term and every look compare anew. So what was left half done, by us or by a leader that died, is
    completed.
    """

    def __init__(
        self,
        *,
        term: Term,
        interval_seconds: int,
        workers: WorkerStore,
        register: GroupRegister,
        queue: GroupQueue,
        job_store: BaseJobStore,
        refused: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._term = term
        self._interval = timedelta(seconds=interval_seconds)
        self._workers = workers
        self._register = register
        self._queue = queue
        self._refused = refused
        self._clock = clock
        self._schedule = FireSchedule(store=job_store, interval_seconds=interval_seconds, fire=self._fire)
        self._groups = MonitoringGroups()
        self._next_fires: dict[str, datetime] = {}
        self._changes: dict[WorkerId, CMLWorkerState | None] = {}
        self._fired: dict[str, None] = {}
        self._to_write: dict[str, None] = {}
        self._woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def follow(self, before: CMLWorkerState | None, after: CMLWorkerState | None) -> None:
        """A record was saved, or (after None) forgotten."""
        worker = after or before
        if worker is None:
            return
        is_wanted = after is not None and after.monitoring_active
        if worker.id in self._changes or is_wanted is (self._groups.group_of(worker.id) is None):
            self._changes[worker.id] = after if is_wanted else None
            self._woken.set()

    async def lead(self) -> None:
        """Until it is cancelled. Raises StorageUnavailable and CoordinationUnavailable while it begins."""
        try:
            await self._begin()
            looked_at = self._loop.time()
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RETRY_SECONDS if self._to_write else LOOK_EVERY_SECONDS):
                        await self._woken.wait()
                self._woken.clear()
                if self._loop.time() - looked_at >= LOOK_EVERY_SECONDS:
                    looked_at = self._loop.time()
                    await self._look()
                self._take_in_changes()
                self._let_go_of_superfluous_groups()
                await self._write()
        finally:
            await asyncio.to_thread(self._schedule.stop)

    async def _begin(self) -> None:
        monitored = {entry.worker_id: entry for entry in await self._workers.monitored()}
        for group in await self._register.load():
            members = [worker_id for worker_id in group.members if self._belongs(monitored.get(worker_id), group)]
            if members:
                self._groups.restore(group.group_id, group.account_id, group.region, members)
            self._to_write[group.group_id] = None
        for entry in monitored.values():
            self._add(entry.worker_id, entry.instance.account_id, entry.instance.region)
        await asyncio.to_thread(self._schedule.load)
        self._next_fires = await asyncio.to_thread(self._schedule.next_fires)
        self._to_write |= dict.fromkeys(self._next_fires)
        await self._write()
        await asyncio.to_thread(self._schedule.fire_from_now_on)

    def _belongs(self, entry: KnownInstance | None, group: StoredGroup) -> bool:
        return (
            entry is not None
            and (entry.instance.account_id, entry.instance.region) == (group.account_id, group.region)
            and self._groups.group_of(entry.worker_id) is None
        )

    async def _look(self) -> None:
        try:
            monitored = await self._workers.monitored()
            self._next_fires = await asyncio.to_thread(self._schedule.next_fires)
        except (StorageUnavailable, CoordinationUnavailable) as error:
            logger.warning("groups_not_compared", error=str(error))
            return
        wanted = {entry.worker_id for entry in monitored}
        for worker_id in [worker_id for group in self._groups for worker_id in group.members]:
            if worker_id not in wanted:
                self._remove(worker_id)
        for entry in monitored:
            self._add(entry.worker_id, entry.instance.account_id, entry.instance.region)
        living = {group.group_id for group in self._groups}
        self._to_write |= dict.fromkeys(living ^ self._next_fires.keys())

    def _take_in_changes(self) -> None:
        changes, self._changes = self._changes, {}
        for worker_id, state in changes.items():
            if state is None:
                self._remove(worker_id)
            else:
                self._add(worker_id, state.account_id, state.region)

    def _add(self, worker_id: WorkerId, account_id: AccountId, region: Region) -> None:
        if self._groups.group_of(worker_id) is None:
            self._groups.add(worker_id, account_id, region)
            self._note(worker_id)

    def _remove(self, worker_id: WorkerId) -> None:
        self._note(worker_id)
        self._groups.remove(worker_id)

    def _note(self, worker_id: WorkerId) -> None:
        group = self._groups.group_of(worker_id)
        if group is not None:
            self._to_write[group.group_id] = None

    def _let_go_of_superfluous_groups(self) -> None:
        for group_id in self._fired:
            receivers = self._groups.dissolve(group_id)
            if receivers:
                self._to_write |= dict.fromkeys([group_id, *(group.group_id for group in receivers)])

    async def _write(self) -> None:
        noted, fired = dict(self._to_write), tuple(self._fired)
        living = {group_id: group for group_id in noted if (group := self._groups.get(group_id)) is not None}
        closed = noted.keys() - living.keys()
        stored = [
            StoredGroup(
                group_id=group_id, account_id=group.account_id, region=group.region, members=tuple(group.members)
            )
            for group_id, group in living.items()
        ]
        try:
            if noted:
                await self._register.save(stored, closed=closed)
            for group_id in closed & self._next_fires.keys():
                await asyncio.to_thread(self._schedule.close, group_id)
                del self._next_fires[group_id]
            for group_id in living.keys() - self._next_fires.keys():
                await self._open(group_id)
            for group_id in fired:
                await self._move_to_a_better_place(group_id)
        except CoordinationUnavailable as error:
            logger.warning("groups_not_written", error=str(error))
            return
        for group_id in noted:
            del self._to_write[group_id]
        for group_id in fired:
            self._fired.pop(group_id, None)

    async def _open(self, group_id: str) -> None:
        place = free_place(tuple(self._places().values()))
        first_fire_at = self._clock() + timedelta(seconds=FIRST_FIRE_SECONDS) + place * self._interval
        await asyncio.to_thread(self._schedule.open, group_id, first_fire_at)
        self._next_fires[group_id] = first_fire_at

    async def _move_to_a_better_place(self, group_id: str) -> None:
        places = self._places()
        own = places.pop(group_id, None)
        better = None if own is None else better_place(own, tuple(places.values()))
        if better is not None:
            next_fire_at = self._clock() + better * self._interval
            await asyncio.to_thread(self._schedule.move, group_id, next_fire_at)
            self._next_fires[group_id] = next_fire_at

    def _places(self) -> dict[str, float]:
        """Of every group's next fire, in an interval that begins now."""
        now = self._clock()
        return {group_id: (at - now) / self._interval % 1.0 for group_id, at in self._next_fires.items()}

    def _fire(self, group_id: str, slot: datetime) -> None:
        """In the scheduler's thread. Members are copied in one step of the interpreter: the loop may change them."""
        group = self._groups.get(group_id)
        if group is None:
            return
        fire = GroupFire(
            group_id=group_id,
            account_id=group.account_id,
            region=group.region,
            slot=slot,
            members=tuple(group.members),
        )
        outcome = self._queue.fire(self._term, fire)
        self._loop.call_soon_threadsafe(self._has_fired, fire, outcome)

    def _has_fired(self, fire: GroupFire, outcome: FireOutcome) -> None:
        if outcome is FireOutcome.NOT_LEADING:
            self._refused()
            return
        self._next_fires[fire.group_id] = fire.slot + self._interval
        self._fired[fire.group_id] = None
        self._woken.set()
