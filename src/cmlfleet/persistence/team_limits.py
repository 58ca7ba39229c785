"""Team limits as they are stored, and as conditions."""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.persistence import tables
from cmlfleet.persistence.contains import contains
from cmlfleet.persistence.worker_rows import LABEL_SEPARATOR

_decoder = msgspec.json.Decoder(TeamLimit)


def encode_limit(limit: TeamLimit | None) -> bytes | None:
    """None stays NULL: no limit."""
    return None if limit is None else msgspec.json.encode(limit)


def decode_limit(document: bytes | None) -> TeamLimit | None:
    """What `encode_limit` made."""
    return None if document is None else _decoder.decode(document)


async def limited_labels(connection: AsyncConnection, table: Table) -> frozenset[str]:
    """The keys of labels that the limits in a table use."""
    query = select(table.c.team_limit).where(table.c.team_limit.is_not(None))
    limits = [decode_limit(document) for document in (await connection.execute(query)).scalars()]
    return frozenset(key for limit in limits if limit is not None for key in limit.by_key())


def within(limit: TeamLimit | None, rows: Any) -> Iterator[ColumnElement[bool]]:
    """What must hold for rows with an account and labels: of workers, or of forgotten ones."""
    if limit is None:
        return
    if limit.accounts:
        yield rows.account_id.in_(limit.accounts)
    for key, values in limit.by_key().items():
        yield or_(
            *(
                contains(rows.labels_index, f"{LABEL_SEPARATOR}{key}={value}{LABEL_SEPARATOR}")
                for value in sorted(values)
            )
        )


def of_workers_within(limit: TeamLimit | None, worker_id: Any) -> Iterator[ColumnElement[bool]]:
    """What must hold for rows about a worker, known or forgotten."""
    if limit is None:
        return
    workers, forgotten = tables.workers.c, tables.forgotten_workers.c
    yield or_(
        worker_id.in_(select(workers.id).where(*within(limit, workers))),
        worker_id.in_(select(forgotten.worker_id).where(*within(limit, forgotten))),
    )
