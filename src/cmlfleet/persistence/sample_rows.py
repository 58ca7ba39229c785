"""The history of figures: narrow rows, written in bulk."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncConnection

from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sample import Sample
from cmlfleet.persistence import tables
from cmlfleet.persistence.prepared import Prepared
from cmlfleet.persistence.upsert import upsert

FIGURES = tuple(column.name for column in tables.samples.c if column.name not in ("worker_id", "at"))

_upserts: dict[str, Prepared] = {}
"""By dialect: each has its own way to say it."""


async def write_samples(connection: AsyncConnection, samples: Sequence[tuple[WorkerId, Sample]]) -> None:
    """Add samples; two of the same moment become one, and what one does not know the other does."""
    if not samples:
        return
    merged: dict[tuple[WorkerId, Any], dict[str, Any]] = {}
    for worker_id, sample in samples:
        row = merged.setdefault((worker_id, sample.at), {"worker_id": worker_id, "at": sample.at} | _NOTHING)
        for name in FIGURES:
            if (value := getattr(sample, name)) is not None:
                row[name] = value
    dialect = connection.dialect.name
    if dialect not in _upserts:
        _upserts[dialect] = Prepared(upsert(connection, tables.samples, replaced=FIGURES, merge=func.coalesce))
    await _upserts[dialect].execute(connection, list(merged.values()))


_NOTHING: dict[str, Any] = dict.fromkeys(FIGURES)
