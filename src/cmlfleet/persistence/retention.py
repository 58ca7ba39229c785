"""Letting go of old history, a little at a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, delete, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.sample_rows import FIGURES
from cmlfleet.persistence.upsert import upsert

IN_ONE_GO = 1_000  # rows in a transaction: milliseconds, so that a save never waits for it noticeably
WORKERS_IN_ONE_GO = 200  # whose five minutes become means in one transaction: about as many rows
SHORTEST_PAUSE_SECONDS = 0.005
MEANS_OVER = timedelta(minutes=5)


class Retention:
    """Each method works in small transactions and rests as long between them as they took, so that others write at
    least half of the time. Raises StorageUnavailable; what was done by then is done."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def condense_samples_before(self, moment: datetime) -> int:
        """Make means over five minutes of what is older; how many samples became means."""
        condensed = 0
        while (bucket := await self._oldest_bucket(moment)) is not None:
            workers = await self._workers_in(bucket)
            for start in range(0, len(workers), WORKERS_IN_ONE_GO):
                condensed += await self._condense(bucket, workers[start : start + WORKERS_IN_ONE_GO])
        return condensed

    async def delete_samples_before(self, moment: datetime) -> int:
        """How many samples and means went."""
        return sum([await self._delete_old(table, moment) for table in (tables.samples, tables.sample_means)])

    async def delete_audit_before(self, moment: datetime) -> int:
        """How many entries of the audit trail went: nothing else ever removes one."""
        audit = tables.audit.c
        old = select(audit.sequence).where(audit.at < moment).limit(IN_ONE_GO)
        return await self._in_steps(delete(tables.audit).where(audit.sequence.in_(old)))

    async def delete_events_before(self, moment: datetime) -> int:
        """How many events went; one that is still to be delivered stays."""
        events, forgotten = tables.events.c, tables.forgotten_workers
        owed = select(tables.outbox.c.sequence)
        old = (
            select(events.sequence).where(events.occurred_at < moment, events.sequence.not_in(owed)).limit(IN_ONE_GO)
        )
        async with self._database.writing() as connection:
            await connection.execute(delete(forgotten).where(forgotten.c.forgotten_at < moment))
        return await self._in_steps(delete(tables.events).where(events.sequence.in_(old)))

    async def _oldest_bucket(self, moment: datetime) -> datetime | None:
        """Where the oldest five minutes begin that lie wholly before the moment."""
        async with self._database.reading() as connection:
            oldest = (await connection.execute(select(func.min(tables.samples.c.at)))).scalar()
        if oldest is None:
            return None
        bucket = datetime.fromtimestamp(
            oldest.timestamp() // MEANS_OVER.total_seconds() * MEANS_OVER.total_seconds(), UTC
        )
        return bucket if bucket + MEANS_OVER <= moment else None

    async def _workers_in(self, bucket: datetime) -> Sequence[str]:
        samples = tables.samples.c
        within = (samples.at >= bucket) & (samples.at < bucket + MEANS_OVER)
        async with self._database.reading() as connection:
            return (await connection.execute(select(samples.worker_id).where(within).distinct())).scalars().all()

    async def _condense(self, bucket: datetime, workers: Sequence[str]) -> int:
        samples = tables.samples.c
        theirs = samples.worker_id.in_(workers) & (samples.at >= bucket) & (samples.at < bucket + MEANS_OVER)
        means = (
            select(
                samples.worker_id,
                literal(bucket, tables.UTCDateTime()),
                *(func.avg(samples[figure]) for figure in FIGURES),
            )
            .where(theirs)
            .group_by(samples.worker_id)
        )

        async def step(connection: AsyncConnection) -> int:
            kept = upsert(connection, tables.sample_means, replaced=FIGURES, merge=func.coalesce, source=means)
            await connection.execute(kept)
            return (await connection.execute(delete(tables.samples).where(theirs))).rowcount

        return await self._step(step)

    async def _delete_old(self, table: Table, moment: datetime) -> int:
        old = select(table.c.worker_id, table.c.at).where(table.c.at < moment).limit(IN_ONE_GO)
        return await self._in_steps(delete(table).where(tuple_(table.c.worker_id, table.c.at).in_(old)))

    async def _in_steps(self, statement: Any) -> int:
        async def step(connection: AsyncConnection) -> int:
            return (await connection.execute(statement)).rowcount

        gone = 0
        while (done := await self._step(step)) == IN_ONE_GO:
            gone += done
        return gone + done

    async def _step(self, work: Callable[[AsyncConnection], Awaitable[int]]) -> int:
        """One transaction, and the rest after it."""
        began = time.monotonic()
        async with self._database.writing() as connection:
            done = await work(connection)
        await asyncio.sleep(max(time.monotonic() - began, SHORTEST_PAUSE_SECONDS))
        return done
