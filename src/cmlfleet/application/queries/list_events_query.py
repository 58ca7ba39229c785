"""Domain events, newest first."""

from dataclasses import dataclass, field, replace

from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.reading import FleetReader
from cmlfleet.application.ports.storage import StoredEvent
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.criteria import EventCriteria, Page
from cmlfleet.application.queries.views import EventView


@dataclass(frozen=True, slots=True)
class ListEventsQuery(Message[Page[EventView]]):
    """Of the fleet, or of one worker; a forgotten worker's events stay."""

    criteria: EventCriteria = field(default_factory=EventCriteria)


def _event_view(event: StoredEvent, *, worker_name: str | None) -> EventView:
    return EventView(
        id=event.event_id,
        type=event.type,
        worker_id=event.worker_id,
        worker_name=worker_name,
        occurred_at=event.occurred_at,
        actor=event.actor,
        cause=event.cause,
        data=dict(event.data),
    )


class ListEventsQueryHandler:
    """Raises InvalidCriteria and StorageUnavailable."""

    def __init__(self, *, reader: FleetReader) -> None:
        self._reader = reader

    async def handle_async(self, message: ListEventsQuery, principal: Principal) -> Page[EventView]:
        """One page."""
        page = await self._reader.find_events(replace(message.criteria, within=principal.limit))
        names = await self._reader.names(list({event.worker_id for event in page.items}))
        items = (_event_view(event, worker_name=names.get(event.worker_id)) for event in page.items)
        return Page(items=tuple(items), next_cursor=page.next_cursor, total=page.total)
