"""One worker's record."""

from dataclasses import dataclass

from cmlfleet.application.clock import Clock
from cmlfleet.application.errors import WorkerNotFound
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.monitoring import MonitoringSchedule
from cmlfleet.application.ports.reading import FleetReader
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.views import WorkerView
from cmlfleet.application.queries.worker_view import worker_view
from cmlfleet.domain.identifiers import WorkerId


@dataclass(frozen=True, slots=True)
class GetCMLWorkerByIdQuery(Message[WorkerView]):
    """By the worker's own id."""

    worker_id: WorkerId


class GetCMLWorkerByIdQueryHandler:
    """Raises WorkerNotFound and StorageUnavailable."""

    def __init__(self, *, reader: FleetReader, monitoring: MonitoringSchedule, clock: Clock) -> None:
        self._reader = reader
        self._monitoring = monitoring
        self._clock = clock

    async def handle_async(self, message: GetCMLWorkerByIdQuery, principal: Principal) -> WorkerView:
        """The record with the ages of this moment."""
        state = await self._reader.get_state(message.worker_id)
        if state is None:
            raise WorkerNotFound(message.worker_id)
        return worker_view(
            state, now=self._clock(), next_refresh_at=self._monitoring.next_refresh_at(message.worker_id)
        )
