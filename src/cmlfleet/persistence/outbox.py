"""Deliveries that are owed."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, select

from cmlfleet.application.ports.storage import StoredEvent
from cmlfleet.domain.identifiers import EventId, WorkerId
from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database


def stored_event(row: Any) -> StoredEvent:
    """From a row of the table of events."""
    return StoredEvent(
        sequence=row.sequence,
        event_id=EventId(row.event_id),
        type=row.type,
        worker_id=WorkerId(row.worker_id),
        occurred_at=row.occurred_at,
        actor=row.actor,
        cause=row.cause,
        data=msgspec.json.decode(row.data),
    )


class SqlOutbox:
    """Implements `Outbox`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending(self, *, limit: int, after: int = 0) -> Sequence[StoredEvent]:
        """The oldest first, beginning behind the sequence `after`. Raises StorageUnavailable."""
        query = (
            select(tables.events)
            .join(tables.outbox, tables.outbox.c.sequence == tables.events.c.sequence)
            .where(tables.events.c.sequence > after)
            .order_by(tables.events.c.sequence)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            return [stored_event(row) for row in await connection.execute(query)]

    async def delivered(self, sequences: Sequence[int]) -> None:
        """Raises StorageUnavailable."""
        async with self._database.writing() as connection:
            await connection.execute(delete(tables.outbox).where(tables.outbox.c.sequence.in_(sequences)))
