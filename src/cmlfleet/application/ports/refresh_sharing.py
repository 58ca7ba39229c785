"""One run for the same refresh asked for in several processes."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from cmlfleet.application.queries.views import RefreshResult
from cmlfleet.domain.identifiers import WorkerId


class RefreshSharing(Protocol):
    """A person's refreshes; background ones are given to one process anyway."""

    async def run(self, worker_id: WorkerId, work: Callable[[], Awaitable[RefreshResult]]) -> RefreshResult:
        """The result of a run under way elsewhere, else of `work`, whose exceptions are raised here alone."""
        ...
