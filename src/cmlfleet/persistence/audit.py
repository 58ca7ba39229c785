"""The audit trail. Nothing here changes or removes an entry; only the configured age does (`retention.py`)."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, func, insert, select

from cmlfleet.application.ports.audit import AuditCriteria, AuditEntry
from cmlfleet.application.ports.reading import InvalidCriteria
from cmlfleet.application.queries.criteria import Page
from cmlfleet.persistence import tables
from cmlfleet.persistence.coalescing import Coalesced
from cmlfleet.persistence.cursors import decode_cursor, encode_cursor
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.moments import in_utc

IN_ONE_GROUP = 250  # as many as one monitoring group's refreshes may bring at once
_ORDER = "-audit"
_decoder = msgspec.json.Decoder(AuditEntry)


class SqlAuditTrail:
    """Implements `AuditTrail`; each method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._additions: Coalesced[AuditEntry, None] = Coalesced(self._add_group, at_most=IN_ONE_GROUP)

    async def add(self, entry: AuditEntry) -> None:
        """Committed when this returns."""
        await self._additions.ask(entry)

    async def find(self, criteria: AuditCriteria) -> Page[AuditEntry]:
        """Newest first. Raises InvalidCriteria."""
        audit = tables.audit.c
        matching: list[ColumnElement[bool]] = []
        if criteria.actor is not None:
            matching.append(audit.actor == criteria.actor)
        if criteria.actions:
            matching.append(audit.action.in_(criteria.actions))
        if criteria.worker_id is not None:
            matching.append(audit.worker_id == criteria.worker_id)
        if criteria.results:
            matching.append(audit.result.in_(criteria.results))
        if criteria.since is not None:
            matching.append(audit.at >= in_utc(criteria.since))
        if criteria.until is not None:
            matching.append(audit.at < in_utc(criteria.until))
        query = select(audit.sequence, audit.document).where(*matching)
        if criteria.cursor is not None:
            _, last = decode_cursor(criteria.cursor, sort=_ORDER)
            if not isinstance(last, int) or abs(last) >= 2**31:
                raise InvalidCriteria("the cursor is not one of ours")
            query = query.where(audit.sequence < last)
        query = query.order_by(audit.sequence.desc()).limit(criteria.limit + 1)
        count = select(func.count()).select_from(tables.audit).where(*matching)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
            total = (await connection.execute(count)).scalar_one()
        page = rows[: criteria.limit]
        more = len(rows) > criteria.limit
        return Page(
            items=tuple(_decoder.decode(row.document) for row in page),
            next_cursor=encode_cursor(_ORDER, None, page[-1].sequence) if more else None,
            total=total,
        )

    async def _add_group(self, entries: Sequence[AuditEntry]) -> Sequence[None]:
        rows = [
            {
                "at": entry.at,
                "actor": entry.actor,
                "action": entry.action,
                "worker_id": entry.worker_id,
                "result": entry.result,
                "document": msgspec.json.encode(entry),
            }
            for entry in entries
        ]
        async with self._database.writing() as connection:
            await connection.execute(insert(tables.audit), rows)
        return [None] * len(entries)
