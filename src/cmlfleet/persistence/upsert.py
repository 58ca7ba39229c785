"""Adding a row, or replacing what is in it, in one statement that two writers at once cannot come between."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select, Table
from sqlalchemy.ext.asyncio import AsyncConnection


def insert_into(connection: AsyncConnection, table: Table) -> Any:
    """The dialect's own insert, which can say what is to happen on a conflict. Only the dialect in use is imported:
    PostgreSQL's takes 2 MB."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert  # noqa: PLC0415
    else:
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415
    return insert(table)


def upsert(
    connection: AsyncConnection,
    table: Table,
    *,
    replaced: Sequence[str],
    merge: Callable[[Any, Any], Any] = lambda new, _old: new,
    source: Select[Any] | None = None,
) -> Any:
    """An insert that, where the primary key is taken, sets the columns `replaced` to `merge(new, old)`.

    `source` selects the rows, all columns in the table's order; without it they are given at the execution.
    """
    statement = insert_into(connection, table)
    if source is not None:
        statement = statement.from_select([column.name for column in table.c], source)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: merge(statement.excluded[name], table.c[name]) for name in replaced},
    )
