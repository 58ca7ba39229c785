"""The history of one worker's figures as means over steps, made by the database: a month of it stalls nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Select, Table, func, select, union_all
from sqlalchemy.ext.compiler import compiles  # pyright: ignore[reportUnknownVariableType]
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from cmlfleet.application.ports.reading import SampleSeries
from cmlfleet.domain.sample import Sample
from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.moments import in_utc
from cmlfleet.persistence.sample_rows import FIGURES

_WHOLE_FIGURES = frozenset({"labs_count", "labs_running", "nodes_running"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class microseconds(FunctionElement[int]):  # noqa: N801 - as SQLAlchemy's own functions are called
    """Of a moment, since 1970."""

    type = BigInteger()
    inherit_cache = True


@compiles(microseconds, "sqlite")
def _on_sqlite(element: microseconds, compiler: SQLCompiler, **options: Any) -> str:  # pyright: ignore[reportUnusedFunction]
    at = compiler.process(element.clauses, **options)
    # Of the whole text it would round 6.999999 up to 7.
    seconds = f"CAST(strftime('%s', substr({at}, 1, 19)) AS INTEGER)"
    return f"({seconds} * 1000000 + CAST(substr({at}, 21, 6) AS INTEGER))"


@compiles(microseconds, "postgresql")
def _on_postgresql(element: microseconds, compiler: SQLCompiler, **options: Any) -> str:  # pyright: ignore[reportUnusedFunction]
    return f"CAST(extract(epoch FROM {compiler.process(element.clauses, **options)}) * 1000000 AS BIGINT)"


async def read_series(
    database: Database, worker_id: str, *, start: datetime, end: datetime, step_seconds: int
) -> SampleSeries:
    """Means over steps counted from `start`. Raises InvalidCriteria and StorageUnavailable."""
    start, end = in_utc(start), in_utc(end)
    step = timedelta(seconds=step_seconds)

    def of(table: Table) -> Select[Any]:
        return select(table).where(table.c.worker_id == worker_id, table.c.at >= start, table.c.at < end)

    both = union_all(of(tables.samples), of(tables.sample_means)).subquery()
    index = ((microseconds(both.c.at) - (start - _EPOCH) // _MICROSECOND) // (step // _MICROSECOND)).label("step")
    means = select(index, *(func.avg(both.c[figure]).label(figure) for figure in FIGURES)).group_by(index)
    async with database.reading() as connection:
        found = {int(row.step): row for row in await connection.execute(means)}
    steps = -(-(end - start) // step)
    return SampleSeries(
        step_seconds=step_seconds,
        points=tuple(Sample(at=start + number * step, **_figures(found.get(number))) for number in range(steps)),
    )


def _figures(row: Any) -> dict[str, Any]:
    if row is None:
        return {}
    figures = {figure: getattr(row, figure) for figure in FIGURES}
    return {
        figure: mean if mean is None else round(mean) if figure in _WHOLE_FIGURES else round(mean, 2)
        for figure, mean in figures.items()
    }
