"""One monitoring group's recurrent refresh."""

import asyncio
from collections.abc import Callable, Sequence

from cmlfleet.application.clock import Clock
from cmlfleet.application.commands.refresh_worker_metrics_command import RefreshWorkerMetricsCommand
from cmlfleet.application.errors import WorkerNotFound
from cmlfleet.application.mediator import Mediator
from cmlfleet.application.principal import SCHEDULE
from cmlfleet.application.services.recurrent_background_job import JobObserver, RecurrentBackgroundJob
from cmlfleet.domain.identifiers import WorkerId

RefreshObserver = Callable[[WorkerId, BaseException | None], None]
"""Hears of each refresh of the group: None went well."""


class WorkerMetricsCollectionJob(RecurrentBackgroundJob):
    """Dispatches `RefreshWorkerMetricsCommand` for each member, all at the same time, so that sources see batches."""

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

    async def work_async(self) -> None:
        """Refresh the members; one that fails harms no other."""
        members = self._members()
        outcomes = await asyncio.gather(
            *(
                self._mediator.execute_async(RefreshWorkerMetricsCommand(member, background=True), SCHEDULE)
                for member in members
            ),
            return_exceptions=True,
        )
        failures: list[BaseException] = []
        for member, outcome in zip(members, outcomes, strict=True):
            error = outcome if isinstance(outcome, BaseException) else None
            if error is not None and not isinstance(error, WorkerNotFound):  # forgotten meanwhile
                failures.append(error)
            for observer in self._refresh_observers:
                observer(member, error)
        if failures:
            raise RuntimeError(f"{len(failures)} of {len(members)} refreshes failed, the first with {failures[0]!r}")
