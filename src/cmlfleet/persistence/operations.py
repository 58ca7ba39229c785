"""Long work and its progress."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select

from cmlfleet.application.ports.storage import Operation
from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.upsert import upsert

_ENDED = frozenset({"done", "failed", "partly_failed"})
_decoder = msgspec.json.Decoder(Operation)


class SqlOperationStore:
    """Implements `OperationStore`; each method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, operation: Operation) -> None:
        """Add it, or replace what was saved of it."""
        row = {
            "id": operation.id,
            "created_at": operation.created_at,
            "finished": operation.state in _ENDED,
            "document": msgspec.json.encode(operation),
        }
        async with self._database.writing() as connection:
            replaced = ("created_at", "finished", "document")
            await connection.execute(upsert(connection, tables.operations, replaced=replaced), row)

    async def get(self, operation_id: str) -> Operation | None:
        """Its last saved progress."""
        query = select(tables.operations.c.document).where(tables.operations.c.id == operation_id)
        async with self._database.reading() as connection:
            document = (await connection.execute(query)).scalar()
            return None if document is None else _decoder.decode(document)

    async def list(self, *, limit: int, offset: int = 0) -> Sequence[Operation]:
        """The newest first."""
        operations = tables.operations.c
        newest = (operations.created_at.desc(), operations.id)
        query = select(operations.document).order_by(*newest).limit(limit).offset(offset)
        async with self._database.reading() as connection:
            return [_decoder.decode(document) for document in (await connection.execute(query)).scalars()]

    async def fail_unfinished(self, *, detail: str, finished_at: datetime) -> int:
        """Mark what a process that is gone left behind."""
        query = select(tables.operations.c.document).where(tables.operations.c.finished.is_(False))
        async with self._database.reading() as connection:
            left = [_decoder.decode(document) for document in (await connection.execute(query)).scalars()]
        for operation in left:
            for item in operation.items:
                if item.state in ("pending", "running"):
                    item.state, item.detail = "failed", detail
            done = sum(item.state == "done" for item in operation.items)
            operation.state = "partly_failed" if done else "failed"
            operation.finished_at = finished_at
            await self.save(operation)
        return len(left)
