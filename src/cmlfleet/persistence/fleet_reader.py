"""The reading side: rows to states and pages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from cmlfleet.application.clock import Clock
from cmlfleet.application.in_turns import map_in_turns
from cmlfleet.application.ports.reading import SampleSeries, WorkerSummary
from cmlfleet.application.ports.storage import StoredEvent
from cmlfleet.application.queries.criteria import EventCriteria, Page, WorkerCriteria
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.persistence import tables
from cmlfleet.persistence.cursors import decode_cursor, encode_cursor
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.moments import in_utc
from cmlfleet.persistence.newest_first import newest_first
from cmlfleet.persistence.outbox import stored_event
from cmlfleet.persistence.sample_series import read_series
from cmlfleet.persistence.team_limits import of_workers_within
from cmlfleet.persistence.team_limits import within as conditions_within
from cmlfleet.persistence.worker_filters import after, column_of, conditions, converted, shown
from cmlfleet.persistence.worker_rows import decode, summary

IDS_IN_A_STATEMENT = 1_000  # both databases take some ten thousand


class SqlFleetReader:
    """Implements `FleetReader`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def get_state(self, worker_id: WorkerId) -> CMLWorkerState | None:
        """Raises StorageUnavailable."""
        query = select(tables.workers.c.document).where(tables.workers.c.id == worker_id)
        async with self._database.reading() as connection:
            document = (await connection.execute(query)).scalar()
            return None if document is None else decode(document)

    async def names(self, worker_ids: Sequence[WorkerId]) -> Mapping[WorkerId, str]:
        """Of those that are known. Raises StorageUnavailable."""
        workers, found = tables.workers.c, dict[WorkerId, str]()
        async with self._database.reading() as connection:
            for start in range(0, len(worker_ids), IDS_IN_A_STATEMENT):
                query = select(workers.id, workers.name).where(
                    workers.id.in_(worker_ids[start : start + IDS_IN_A_STATEMENT])
                )
                found |= {WorkerId(row.id): row.name for row in await connection.execute(query)}
        return found

    async def find_states(self, criteria: WorkerCriteria) -> Page[CMLWorkerState]:
        """One page in the order asked for, unknown values last. Raises InvalidCriteria, StorageUnavailable."""
        workers = tables.workers.c
        descending = criteria.sort.startswith("-")
        column = column_of(criteria.sort.removeprefix("-"))
        matching = conditions(criteria, clock=self._clock)
        query = select(workers.id, column.label("sorted_by"), workers.document).where(*matching)
        if criteria.cursor is not None:
            value, last_id = decode_cursor(criteria.cursor, sort=criteria.sort)
            value = None if value is None else converted(column, value)
            query = query.where(after(column, workers.id, value=value, last_id=str(last_id), descending=descending))
        direction = column.desc() if descending else column.asc()
        # Where nothing is unknown, an index gives the order, and the rest of the table is not read.
        unknown_last = [column.is_(None)] if column.nullable else []
        query = query.order_by(*unknown_last, direction, workers.id).limit(criteria.limit + 1).offset(criteria.offset)
        count = select(func.count()).select_from(tables.workers).where(*matching)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
            more = len(rows) > criteria.limit
            if more or criteria.cursor is not None or (criteria.offset and not rows):
                total = (await connection.execute(count)).scalar_one()
            else:
                total = criteria.offset + len(rows)  # these are the last: there is nothing left to count
        page = rows[: criteria.limit]
        return Page(
            items=tuple(await map_in_turns(decode, [row.document for row in page])),
            next_cursor=encode_cursor(criteria.sort, page[-1].sorted_by, page[-1].id) if more else None,
            total=total,
        )

    async def fleet_states(self, within: TeamLimit | None = None) -> Sequence[CMLWorkerState]:
        """Raises StorageUnavailable."""
        workers = tables.workers.c
        query = select(workers.document).where(shown(clock=self._clock), *conditions_within(within, workers))
        async with self._database.reading() as connection:
            documents = (await connection.execute(query)).scalars().all()
        return await map_in_turns(decode, documents)

    async def fleet_summaries(self, within: TeamLimit | None = None) -> Sequence[WorkerSummary]:
        """Raises StorageUnavailable."""
        workers = tables.workers.c
        query = select(workers.document).where(shown(clock=self._clock), *conditions_within(within, workers))
        async with self._database.reading() as connection:
            documents = (await connection.execute(query)).scalars().all()
        return await map_in_turns(summary, documents)

    async def find_events(self, criteria: EventCriteria) -> Page[StoredEvent]:
        """Newest first. Raises InvalidCriteria and StorageUnavailable."""
        events = tables.events.c
        matching: list[ColumnElement[bool]] = []
        if criteria.worker_id is not None:
            matching.append(events.worker_id == criteria.worker_id)
        if criteria.types:
            matching.append(events.type.in_(criteria.types))
        if criteria.actor is not None:
            matching.append(events.actor == criteria.actor)
        if criteria.since is not None:
            matching.append(events.occurred_at >= in_utc(criteria.since))
        if criteria.until is not None:
            matching.append(events.occurred_at < in_utc(criteria.until))
        matching += of_workers_within(criteria.within, events.worker_id)
        page = await newest_first(
            self._database, tables.events, matching, limit=criteria.limit, cursor=criteria.cursor
        )
        return replace(page, items=tuple(stored_event(row) for row in page.items))

    async def events_after(self, sequence: int, *, limit: int) -> Sequence[StoredEvent]:
        """Oldest first. Raises StorageUnavailable."""
        query = (
            select(tables.events)
            .where(tables.events.c.sequence > sequence)
            .order_by(tables.events.c.sequence)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            return [stored_event(row) for row in await connection.execute(query)]

    async def samples(
        self, worker_id: WorkerId, *, start: datetime, end: datetime, step_seconds: int
    ) -> SampleSeries:
        """Means over steps counted from `start`. Raises InvalidCriteria and StorageUnavailable."""
        return await read_series(self._database, worker_id, start=start, end=end, step_seconds=step_seconds)
