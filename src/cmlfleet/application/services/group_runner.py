"""One fire of a monitoring group, in whatever process took it."""

import asyncio
from collections.abc import Awaitable, Callable

from cmlfleet.application.clock import Clock
from cmlfleet.application.mediator import Mediator
from cmlfleet.application.ports.group_queue import GroupFire
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.application.services.worker_metrics_collection_job import WorkerMetricsCollectionJob
from cmlfleet.domain.identifiers import WorkerId

RETRY_SECONDS = 1.0  # while the database is away

Ping = Callable[[], Awaitable[None]]
"""Raises StorageUnavailable while the database is away."""


class GroupRunner:
    """Refreshes the members. Those that the database was away for wait for it, unless a later fire does the same."""

    def __init__(self, *, mediator: Mediator, ping: Ping, clock: Clock) -> None:
        self._mediator = mediator
        self._ping = ping
        self._clock = clock

    async def run(self, fire: GroupFire, is_wanted: Callable[[], Awaitable[bool]]) -> None:
        """Returns once every member was refreshed, or nobody wants this fire any more."""
        members = fire.members
        while members:
            waiting: list[WorkerId] = []

            def observe(member: WorkerId, error: BaseException | None, waiting: list[WorkerId] = waiting) -> None:
                if isinstance(error, StorageUnavailable):
                    waiting.append(member)

            job = WorkerMetricsCollectionJob(
                name=f"collect {fire.group_id}",
                members=lambda members=members: members,
                mediator=self._mediator,
                clock=self._clock,
                refresh_observers=(observe,),
            )
            await job.run_async()
            members = tuple(waiting)
            if members and not await self._storage_is_back(is_wanted):
                return

    async def _storage_is_back(self, is_wanted: Callable[[], Awaitable[bool]]) -> bool:
        while await is_wanted():
            try:
                await self._ping()
            except StorageUnavailable:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return True
        return False
