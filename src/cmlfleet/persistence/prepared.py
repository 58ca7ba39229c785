"""Statements for many rows, rendered once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

NEW = "new_"
"""Before the name of a parameter that is a column's new value: SQLAlchemy keeps the plain name for itself."""

Parameters = Sequence[tuple[str, Callable[[Any], Any] | None]]


class Prepared:
    """Executes one statement with the parameters of many rows.

    SQLAlchemy works out the parameters of each row anew, which costs more than SQLite takes to write it. Here the
    order of the parameters and what their types do to them are known beforehand.
    """

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._rendered: dict[str, tuple[str, Parameters]] = {}

    async def execute(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
        """For each row, by the parameters' names without `NEW`; there must be one."""
        sql, parameters = self._for(connection.dialect)
        await connection.exec_driver_sql(
            sql,
            [
                tuple([row[name] if process is None else process(row[name]) for name, process in parameters])
                for row in rows
            ],
        )

    def _for(self, dialect: Dialect) -> tuple[str, Parameters]:
        rendered = self._rendered.get(dialect.name)
        if rendered is None:
            compiled = self._statement.compile(dialect=dialect)
            parameters = [
                (name.removeprefix(NEW), compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
                for name in compiled.positiontup
            ]
            rendered = self._rendered[dialect.name] = (str(compiled), parameters)
        return rendered
