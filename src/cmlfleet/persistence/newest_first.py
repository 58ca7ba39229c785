"""Pages of a table that only grows, newest first."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select

from cmlfleet.application.ports.reading import InvalidCriteria
from cmlfleet.application.queries.criteria import Page
from cmlfleet.persistence.cursors import decode_cursor, encode_cursor
from cmlfleet.persistence.database import Database


async def newest_first(
    database: Database, table: Table, matching: Sequence[ColumnElement[bool]], *, limit: int, cursor: str | None
) -> Page[Any]:
    """Rows in the order of their `sequence`; a cursor is good for its own table alone.

    Raises InvalidCriteria and StorageUnavailable.
    """
    order = f"-{table.name}.sequence"
    query = select(table).where(*matching)
    if cursor is not None:
        _, last = decode_cursor(cursor, sort=order)
        if not isinstance(last, int) or abs(last) >= 2**31:
            raise InvalidCriteria("the cursor is not one of ours")
        query = query.where(table.c.sequence < last)
    query = query.order_by(table.c.sequence.desc()).limit(limit + 1)
    count = select(func.count()).select_from(table).where(*matching)
    async with database.reading() as connection:
        rows = (await connection.execute(query)).all()
        total = (await connection.execute(count)).scalar_one()
    page = rows[:limit]
    more = len(rows) > limit
    next_cursor = encode_cursor(order, None, page[-1].sequence) if more else None
    return Page(items=tuple(page), next_cursor=next_cursor, total=total)
