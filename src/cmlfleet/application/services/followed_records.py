"""Every record as it is stored now, whichever process saved it, in the memory of each process that shows them."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog

from cmlfleet.application.ports.change_feed import ChangeFeed, FeedEntry, FeedPosition
from cmlfleet.application.ports.cluster import CoordinationUnavailable
from cmlfleet.application.ports.storage import StorageUnavailable, WorkerStore
from cmlfleet.application.services.saved_records import SavedRecords
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import WorkerId

WAIT_SECONDS = 1.0  # for something new
GATHER_SECONDS = 0.2  # what comes within this is loaded together
COMPARE_EVERY_SECONDS = 15.0  # with the database: what nobody told
COMPARE_WITHOUT_FEED_SECONDS = 5.0  # the same while the database is all there is
RETRY_SECONDS = 1.0

logger = structlog.get_logger(__name__)

EntryObserver = Callable[[FeedPosition, FeedEntry], None]
"""Hears of an entry once what it names has been loaded and told."""
PositionObserver = Callable[[FeedPosition], None]
"""Hears of the place up to which everything has been told."""


class FollowedRecords:
    """Follows the feed, loads what it names from the database, and tells `records` each version once.

    A version that is not newer than the one at hand is no news. The feed may lose entries, or be away: comparing
    versions with the database finds whatever it did not tell.
    """

    def __init__(
        self,
        *,
        feed: ChangeFeed,
        workers: WorkerStore,
        records: SavedRecords,
        entries: EntryObserver,
        reached: PositionObserver,
    ) -> None:
        self._feed = feed
        self._workers = workers
        self._records = records
        self._entries = entries
        self._reached = reached
        self._states: dict[WorkerId, CMLWorkerState] = {}
        self._own: dict[WorkerId, CMLWorkerState] = {}
        self._position: FeedPosition | None = None
        self._is_away = False
        self._task: asyncio.Task[None] | None = None

    def get(self, worker_id: WorkerId) -> CMLWorkerState | None:
        """The record as it was last told."""
        return self._states.get(worker_id)

    def states(self) -> Iterable[CMLWorkerState]:
        """Every record."""
        return tuple(self._states.values())

    def follow_own(self, before: CMLWorkerState | None, after: CMLWorkerState | None) -> None:
        """This process saved the record itself: when the feed names it, it need not be loaded."""
        if after is not None:
            self._own[after.id] = after

    async def start(self) -> None:
        """Read everything once, and follow from there. Raises StorageUnavailable and CoordinationUnavailable."""
        self._position = await self._feed.end()
        self._states = {state.id: state for state in await self._workers.all_states()}
        self._reached(self._position)
        self._task = asyncio.ensure_future(self._run())

    async def close(self) -> None:
        """Follow no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        compared_at = loop.time()
        while True:
            try:
                await self._follow_on()
                every_seconds = COMPARE_WITHOUT_FEED_SECONDS if self._is_away else COMPARE_EVERY_SECONDS
                if loop.time() - compared_at >= every_seconds:
                    await self._compare()
                    await self._look_for_a_new_epoch()
                    compared_at = loop.time()
            except StorageUnavailable as error:
                logger.warning("changes_not_loaded", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                logger.exception("changes_not_followed")
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow_on(self) -> None:
        try:
            if self._position is None or self._is_away:
                await self._begin_anew()
                return
            found = await self._feed.read(self._position, wait_seconds=WAIT_SECONDS)
        except CoordinationUnavailable as error:
            if not self._is_away:
                logger.warning("changes_not_heard", error=str(error))
            self._is_away = True
            await asyncio.sleep(RETRY_SECONDS)
            return
        if found:
            await self._take_in([entry for _, entry in found])
            self._position = found[-1][0]
            for position, entry in found:
                self._entries(position, entry)
            self._reached(self._position)
            await asyncio.sleep(GATHER_SECONDS)

    async def _begin_anew(self) -> None:
        """After a gap: what was published up to where the feed ends now is found by comparing."""
        position = await self._feed.end()
        await self._compare()
        self._position = position
        self._is_away = False
        self._reached(position)
        logger.info("changes_heard_again")

    async def _look_for_a_new_epoch(self) -> None:
        """A feed that lost its data while we were connected says nothing of it."""
        if self._position is not None and not self._is_away:
            with contextlib.suppress(CoordinationUnavailable):
                self._is_away = (await self._feed.end()).epoch != self._position.epoch

    async def _take_in(self, entries: Sequence[FeedEntry]) -> None:
        named: dict[WorkerId, int] = {}
        for entry in entries:
            for worker_id, version in entry.saved.items():
                named[worker_id] = max(version, named.get(worker_id, 0))
        removed = {worker_id for entry in entries for worker_id in entry.removed}
        await self._load({worker_id: version for worker_id, version in named.items() if worker_id not in removed})
        for worker_id in removed:
            self._remove(worker_id)

    async def _compare(self) -> None:
        versions = await self._workers.versions()
        await self._load(versions)
        for worker_id in self._states.keys() - versions.keys():
            self._remove(worker_id)

    async def _load(self, versions: Mapping[WorkerId, int]) -> None:
        wanted: list[WorkerId] = []
        for worker_id, version in versions.items():
            known, own = self._states.get(worker_id), self._own.pop(worker_id, None)
            if known is not None and known.version >= version:
                continue
            if own is not None and own.version >= version:
                self._tell(own)
            else:
                wanted.append(worker_id)
        loaded = await asyncio.gather(*(self._workers.load(worker_id) for worker_id in wanted))
        for worker_id, state in zip(wanted, loaded, strict=True):
            if state is None:
                self._remove(worker_id)
            else:
                self._tell(state)

    def _tell(self, state: CMLWorkerState) -> None:
        before = self._states.get(state.id)
        if before is None or before.version < state.version:
            self._states[state.id] = state
            self._records.publish(before, state)

    def _remove(self, worker_id: WorkerId) -> None:
        before = self._states.pop(worker_id, None)
        if before is not None:
            self._records.publish(before, None)
