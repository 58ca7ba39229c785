"""Long work and its progress, and who runs it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, insert, select, update

from cmlfleet.application.ports.storage import Operation, OperationRun
from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database

_ENDED = frozenset({"done", "failed", "partly_failed"})
_decoder = msgspec.json.Decoder(Operation)
_table = tables.operations


class SqlOperationStore:
    """Implements `OperationStore`; each method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, operation: Operation, run: OperationRun) -> None:
        """A new one."""
        async with self._database.writing() as connection:
            row = {"id": operation.id, "created_at": operation.created_at, **_progress(operation), **_run(run)}
            await connection.execute(insert(_table), row)

    async def save(self, operation: Operation, run: OperationRun, *, heard_at: datetime | None) -> bool:
        """False: the run is not the operation's any more, and nothing was saved."""
        theirs = and_(_table.c.id == operation.id, _table.c.token == run.token)
        async with self._database.writing() as connection:
            saved = await connection.execute(
                update(_table).where(theirs).values(**_progress(operation), heartbeat_at=heard_at)
            )
            return saved.rowcount > 0

    async def unfinished(self) -> Sequence[OperationRun]:
        """Whoever runs them, or ran them."""
        query = select(_table.c.id, _table.c.owner, _table.c.token, _table.c.heartbeat_at).where(
            _table.c.finished.is_(False)
        )
        async with self._database.reading() as connection:
            return [
                OperationRun(operation_id=row.id, owner=row.owner, token=row.token, heard_at=row.heartbeat_at)
                for row in await connection.execute(query)
            ]

    async def take_over(self, left: OperationRun, run: OperationRun) -> bool:
        """False: `left` is not how it is any more."""
        async with self._database.writing() as connection:
            return (await connection.execute(update(_table).where(_still(left)).values(**_run(run)))).rowcount > 0

    async def get(self, operation_id: str) -> Operation | None:
        """Its last saved progress."""
        query = select(_table.c.document).where(_table.c.id == operation_id)
        async with self._database.reading() as connection:
            document = (await connection.execute(query)).scalar()
            return None if document is None else _decoder.decode(document)

    async def list(self, *, limit: int, offset: int = 0) -> Sequence[Operation]:
        """The newest first."""
        newest = (_table.c.created_at.desc(), _table.c.id)
        query = select(_table.c.document).order_by(*newest).limit(limit).offset(offset)
        async with self._database.reading() as connection:
            return [_decoder.decode(document) for document in (await connection.execute(query)).scalars()]


def _progress(operation: Operation) -> dict[str, Any]:
    return {"finished": operation.state in _ENDED, "document": msgspec.json.encode(operation)}


def _run(run: OperationRun) -> dict[str, Any]:
    return {"owner": run.owner, "token": run.token, "heartbeat_at": run.heard_at}


def _still(left: OperationRun) -> ColumnElement[bool]:
    """Operations of before runs had tokens have none."""
    return and_(
        _table.c.id == left.operation_id,
        _table.c.finished.is_(False),
        _table.c.token.is_not_distinct_from(left.token),
        _table.c.heartbeat_at.is_not_distinct_from(left.heard_at),
    )
