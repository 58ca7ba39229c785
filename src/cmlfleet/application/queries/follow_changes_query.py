"""Changes as they are saved."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from cmlfleet.application.mediator import Message
from cmlfleet.application.principal import Principal
from cmlfleet.application.team_limit import TeamLimit

Changes = AsyncIterator[dict[str, Any]]
"""Server-sent events, each with `id`, `event` and `data`; one that only tells where it begins has no data."""


@dataclass(frozen=True, slots=True)
class FollowChangesQuery(Message[Changes]):
    """From now on, or from behind the event that the listener saw last."""

    last_event_id: str | None = None


class FollowChangesQueryHandler:
    """`listen` begins to follow, within a limit, when the first event is asked for."""

    def __init__(self, *, listen: Callable[[str | None, TeamLimit | None], Changes]) -> None:
        self._listen = listen

    async def handle_async(self, message: FollowChangesQuery, principal: Principal) -> Changes:
        """Never ends by itself."""
        return self._listen(message.last_event_id, principal.limit)
