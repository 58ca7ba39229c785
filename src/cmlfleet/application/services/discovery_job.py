"""The recurrent adoption sweep of one account and region."""

from cmlfleet.application.clock import Clock
from cmlfleet.application.commands.discover_workers_command import DiscoverWorkersCommand
from cmlfleet.application.mediator import Mediator
from cmlfleet.application.principal import DISCOVERY
from cmlfleet.application.services.configured_scopes import Scopes
from cmlfleet.application.services.recurrent_background_job import RecurrentBackgroundJob


class DiscoveryJob(RecurrentBackgroundJob):
    """Dispatches `DiscoverWorkersCommand` for one configured place; accounts become known as they answer."""

    def __init__(self, *, scopes: Scopes, mediator: Mediator, clock: Clock) -> None:
        super().__init__(name="discovery", clock=clock)
        self._scopes = scopes
        self._mediator = mediator

    async def work_async(self) -> None:
        """Every configured account and region, one after the other: each is a handful of calls."""
        for account_id, region in self._scopes():
            await self._mediator.execute_async(DiscoverWorkersCommand(account_id, region), DISCOVERY)
