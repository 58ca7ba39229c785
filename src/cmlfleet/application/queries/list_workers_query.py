"""Workers by criteria, a page at a time."""

from dataclasses import dataclass, field, replace

from cmlfleet.application.clock import Clock
from cmlfleet.application.in_turns import map_in_turns
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.monitoring import MonitoringSchedule
from cmlfleet.application.ports.reading import FleetReader
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.criteria import Page, WorkerCriteria
from cmlfleet.application.queries.views import WorkerView
from cmlfleet.application.queries.worker_view import worker_view
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState


@dataclass(frozen=True, slots=True)
class ListWorkersQuery(Message[Page[WorkerView]]):
    """All criteria must hold."""

    criteria: WorkerCriteria = field(default_factory=WorkerCriteria)


class ListWorkersQueryHandler:
    """Raises InvalidCriteria and StorageUnavailable."""

    def __init__(self, *, reader: FleetReader, monitoring: MonitoringSchedule, clock: Clock) -> None:
        self._reader = reader
        self._monitoring = monitoring
        self._clock = clock

    async def handle_async(self, message: ListWorkersQuery, principal: Principal) -> Page[WorkerView]:
        """One page."""
        criteria = replace(message.criteria, within=principal.limit)
        page, now = await self._reader.find_states(criteria), self._clock()

        def shown(state: CMLWorkerState) -> WorkerView:
            return worker_view(state, now=now, next_refresh_at=self._monitoring.next_refresh_at(state.id))

        return Page(
            items=tuple(await map_in_turns(shown, page.items)), next_cursor=page.next_cursor, total=page.total
        )
