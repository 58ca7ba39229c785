"""One monitoring group's recurrent refresh."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from cmlfleet.application.clock import Clock
from cmlfleet.application.commands.refresh_worker_metrics_command import RefreshWorkerMetricsCommand
from cmlfleet.application.errors import WorkerNotFound
from cmlfleet.application.mediator import Mediator
from cmlfleet.application.principal import SCHEDULE
from cmlfleet.application.services.recurrent_background_job import JobObserver, RecurrentBackgroundJob
from cmlfleet.domain.identifiers import WorkerId

logger = structlog.get_logger(__name__)

RefreshObserver = Callable[[WorkerId, BaseException | None], None]
"""Hears of each refresh of the group: None went well."""


class WorkerMetricsCollectionJob(RecurrentBackgroundJob):
    """Dispatches `RefreshWorkerMetricsCommand` for each member, all at the same time, so that sources see batches.

    A member that still runs since an earlier fire is left out: it delays itself and nobody else. It is logged once,
    and anew only after a refresh of it ended before the next fire.
    """

    may_overlap = True

    def __init__(
        self,
        *,
        name: str,
        members: Callable[[], Sequence[WorkerId]],
        mediator: Mediator,
        clock: Clock,
        observers: Sequence[JobObserver] = (),
        refresh_observers: Sequence[RefreshObserver] = (),
    ) -> None:
        super().__init__(name=name, clock=clock, observers=observers)
        self._members = members
        self._mediator = mediator
        self._refresh_observers = tuple(refresh_observers)
        self._running: set[WorkerId] = set()
        self._overdue: set[WorkerId] = set()  # a fire came by while they ran
        self._told_to_be_slow: set[WorkerId] = set()

    async def work_async(self) -> None:
        """Refresh the members that are not being refreshed; one that fails harms no other."""
        members = self._free_members()
        outcomes = await asyncio.gather(*(self._refresh(member) for member in members), return_exceptions=True)
        failures: list[BaseException] = []
        for member, outcome in zip(members, outcomes, strict=True):
            error = outcome if isinstance(outcome, BaseException) else None
            if error is not None and not isinstance(error, WorkerNotFound):  # forgotten meanwhile
                failures.append(error)
            for observer in self._refresh_observers:
                observer(member, error)
        if failures:
            raise RuntimeError(f"{len(failures)} of {len(members)} refreshes failed, the first with {failures[0]!r}")

    def _free_members(self) -> Sequence[WorkerId]:
        members = self._members()
        late = [member for member in members if member in self._running]
        self._overdue.update(late)
        for member in late:
            if member not in self._told_to_be_slow:
                self._told_to_be_slow.add(member)
                logger.warning("refresh_still_running", job=self.name, worker_id=member)
        return [member for member in members if member not in self._running]

    async def _refresh(self, member: WorkerId) -> None:
        self._running.add(member)
        try:
            await self._mediator.execute_async(RefreshWorkerMetricsCommand(member, background=True), SCHEDULE)
        finally:
            self._running.discard(member)
            if member not in self._overdue:
                self._told_to_be_slow.discard(member)
            self._overdue.discard(member)
