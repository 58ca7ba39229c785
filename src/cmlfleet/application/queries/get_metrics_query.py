"""What Prometheus scrapes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cmlfleet.application.mediator import Message
from cmlfleet.application.principal import Principal
from cmlfleet.application.team_limit import TeamLimit


@dataclass(frozen=True, slots=True)
class GetMetricsQuery(Message[bytes]):
    """The exposition in Prometheus's text format."""


class GetMetricsQueryHandler:
    """`text` writes the exposition of the workers within a limit."""

    def __init__(self, *, text: Callable[[TeamLimit | None], Awaitable[bytes]]) -> None:
        self._text = text

    async def handle_async(self, message: GetMetricsQuery, principal: Principal) -> bytes:
        """As of this moment."""
        return await self._text(principal.limit)
