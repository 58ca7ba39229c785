"""Letting go of old history, a little at a time."""

from datetime import datetime

from sqlalchemy import delete, select, tuple_

from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database

IN_ONE_GO = 5_000  # rows in a transaction: short enough that a refresh never waits for it noticeably


class Retention:
    """Deletes what is older than a moment; each method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def delete_samples_before(self, moment: datetime) -> int:
        """How many samples went."""
        samples, gone = tables.samples.c, 0
        old = select(samples.worker_id, samples.at).where(samples.at < moment).limit(IN_ONE_GO)
        while True:
            async with self._database.writing() as connection:
                done = await connection.execute(
                    delete(tables.samples).where(tuple_(samples.worker_id, samples.at).in_(old))
                )
            gone += done.rowcount
            if done.rowcount < IN_ONE_GO:
                return gone

    async def delete_audit_before(self, moment: datetime) -> int:
        """How many entries of the audit trail went: nothing else ever removes one."""
        audit, gone = tables.audit.c, 0
        old = select(audit.sequence).where(audit.at < moment).limit(IN_ONE_GO)
        while True:
            async with self._database.writing() as connection:
                done = await connection.execute(delete(tables.audit).where(audit.sequence.in_(old)))
            gone += done.rowcount
            if done.rowcount < IN_ONE_GO:
                return gone

    async def delete_events_before(self, moment: datetime) -> int:
        """How many events went; one that is still to be delivered stays."""
        events, forgotten, gone = tables.events.c, tables.forgotten_workers, 0
        owed = select(tables.outbox.c.sequence)
        old = (
            select(events.sequence).where(events.occurred_at < moment, events.sequence.not_in(owed)).limit(IN_ONE_GO)
        )
        while True:
            async with self._database.writing() as connection:
                await connection.execute(delete(forgotten).where(forgotten.c.forgotten_at < moment))
                done = await connection.execute(delete(tables.events).where(events.sequence.in_(old)))
            gone += done.rowcount
            if done.rowcount < IN_ONE_GO:
                return gone
