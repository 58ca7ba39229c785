"""What Prometheus scrapes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cmlfleet.application.mediator import Message
from cmlfleet.application.principal import Principal


@dataclass(frozen=True, slots=True)
class GetMetricsQuery(Message[bytes]):
    """The exposition in Prometheus's text format."""


class GetMetricsQueryHandler:
    """`text` writes the exposition."""

    def __init__(self, *, text: Callable[[], Awaitable[bytes]]) -> None:
        self._text = text

    async def handle_async(self, message: GetMetricsQuery, principal: Principal) -> bytes:
        """As of this moment."""
        return await self._text()
