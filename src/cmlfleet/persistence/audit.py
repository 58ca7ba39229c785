"""The audit trail. Nothing here changes or removes an entry; only the configured age does (`retention.py`)."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import ColumnElement, insert

from cmlfleet.application.ports.audit import AuditCriteria, AuditEntry
from cmlfleet.application.queries.criteria import Page
from cmlfleet.persistence import tables
from cmlfleet.persistence.coalescing import Coalesced
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.moments import in_utc
from cmlfleet.persistence.newest_first import newest_first

IN_ONE_GROUP = 250  # as many as one monitoring group's refreshes may bring at once
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
        page = await newest_first(
            self._database, tables.audit, matching, limit=criteria.limit, cursor=criteria.cursor
        )
        return replace(page, items=tuple(_decoder.decode(row.document) for row in page.items))

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
