"""The recurrent adoption sweep."""

import asyncio

from cmlfleet.application.clock import Clock
from cmlfleet.application.commands.discover_workers_command import DiscoverWorkersCommand
from cmlfleet.application.mediator import Mediator
from cmlfleet.application.principal import DISCOVERY
from cmlfleet.application.services.configured_scopes import Scopes
from cmlfleet.application.services.recurrent_background_job import RecurrentBackgroundJob


class DiscoveryJob(RecurrentBackgroundJob):
    """Dispatches `DiscoverWorkersCommand` for each configured place; accounts become known as they answer."""

    def __init__(self, *, scopes: Scopes, mediator: Mediator, clock: Clock) -> None:
        super().__init__(name="discovery", clock=clock)
        self._scopes = scopes
        self._mediator = mediator

    async def work_async(self) -> None:
        """All at the same time: a region that hangs keeps no other waiting."""
        outcomes = await asyncio.gather(
            *(
                self._mediator.execute_async(DiscoverWorkersCommand(account_id, region), DISCOVERY)
                for account_id, region in self._scopes()
            ),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
