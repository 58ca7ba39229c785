"""Adding a row, or replacing what is in it, in one statement that two writers at once cannot come between."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


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
    build: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = build(table)
    if source is not None:
        statement = statement.from_select([column.name for column in table.c], source)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: merge(statement.excluded[name], table.c[name]) for name in replaced},
    )
