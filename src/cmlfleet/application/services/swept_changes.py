"""What a sweep of EC2 shows to have changed is acted on at once, whoever it was that swept."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from cmlfleet.application.errors import ApplicationError
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.domain.identifiers import AccountId, Region

Discover = Callable[[AccountId, Region], Awaitable[object]]
"""Dispatches DiscoverWorkersCommand."""

logger = structlog.get_logger(__name__)


class SweptChanges:
    """Monitoring groups have their turns spread over the interval and share sweeps. Without this, a change would show
    only at its own group's next turn: up to two intervals after it happened."""

    def __init__(self, discover: Discover) -> None:
        self._discover = discover
        self._tasks: set[asyncio.Task[None]] = set()

    def noticed(self, account_id: AccountId, region: Region) -> None:
        """Instances came, went or changed their state since the sweep before."""
        task = asyncio.ensure_future(self._run(account_id, region))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop; the next start compares anew."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, account_id: AccountId, region: Region) -> None:
        try:
            await self._discover(account_id, region)
        except (ApplicationError, StorageUnavailable) as error:
            logger.warning("change_not_followed", account_id=account_id, region=region, error=str(error))
