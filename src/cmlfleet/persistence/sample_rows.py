"""The history of figures: narrow rows, written in bulk."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sample import Sample
from cmlfleet.persistence import tables

FIGURES = tuple(column.name for column in tables.samples.c if column.name not in ("worker_id", "at"))


async def write_samples(connection: AsyncConnection, samples: Sequence[tuple[WorkerId, Sample]]) -> None:
    """Add samples; two of the same moment become one, and what one does not know the other does."""
    merged: dict[tuple[WorkerId, Any], dict[str, Any]] = {}
    for worker_id, sample in samples:
        row = merged.setdefault((worker_id, sample.at), {"worker_id": worker_id, "at": sample.at} | _NOTHING)
        row |= {name: value for name, value in asdict(sample).items() if value is not None}
    if not merged:
        return
    build: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = build(tables.samples)
    statement = statement.on_conflict_do_update(
        index_elements=["worker_id", "at"],
        set_={name: func.coalesce(statement.excluded[name], tables.samples.c[name]) for name in FIGURES},
    )
    await connection.execute(statement, list(merged.values()))


_NOTHING: dict[str, Any] = dict.fromkeys(FIGURES)
