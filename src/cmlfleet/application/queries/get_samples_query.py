"""The history of a worker's figures."""

from dataclasses import dataclass
from datetime import datetime

from cmlfleet.application.errors import InvalidRequest, WorkerNotFound
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.reading import FleetReader, SampleSeries
from cmlfleet.application.principal import Principal
from cmlfleet.domain.identifiers import WorkerId

MOST_POINTS = 11_000  # a week of minutes, with room; more than any chart can show


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSamplesQuery(Message[SampleSeries]):
    """Means over `step_seconds` from `start` to `end`."""

    worker_id: WorkerId
    start: datetime
    end: datetime
    step_seconds: int


class GetSamplesQueryHandler:
    """Raises WorkerNotFound, InvalidRequest and StorageUnavailable."""

    def __init__(self, *, reader: FleetReader) -> None:
        self._reader = reader

    async def handle_async(self, message: GetSamplesQuery, principal: Principal) -> SampleSeries:
        """The series; a step without a sample is a point of nulls."""
        if message.end <= message.start:
            raise InvalidRequest("'from' must lie before 'to'")
        points = (message.end - message.start).total_seconds() / message.step_seconds
        if points > MOST_POINTS:
            raise InvalidRequest(f"that would be {points:.0f} points; at most {MOST_POINTS}: give a longer step")
        if await self._reader.get_state(message.worker_id) is None:
            raise WorkerNotFound(message.worker_id)
        return await self._reader.samples(
            message.worker_id, start=message.start, end=message.end, step_seconds=message.step_seconds
        )
