"""Which secret key the database's secrets are written under: one for all processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.secret_key import SecretKey
from cmlfleet.persistence.upsert import insert_into, upsert

_THE_ROW = 1
_key_id = select(tables.key_in_force.c.key_id).where(tables.key_in_force.c.id == _THE_ROW)


async def claim_key(connection: AsyncConnection, key: SecretKey) -> bool:
    """Whether this is the key to write under, until the transaction ends. The first who asks decides."""
    first = (
        insert_into(connection, tables.key_in_force).values(id=_THE_ROW, key_id=key.key_id).on_conflict_do_nothing()
    )
    await connection.execute(first)
    return (await connection.execute(_key_id.with_for_update(read=True))).scalar() == key.key_id


async def key_id_in_force(connection: AsyncConnection) -> str | None:
    """None while nothing was written yet."""
    return (await connection.execute(_key_id)).scalar()


async def put_in_force(connection: AsyncConnection, key: SecretKey) -> None:
    """Nobody writes under another key once this is committed."""
    statement = upsert(connection, tables.key_in_force, replaced=["key_id"])
    await connection.execute(statement, {"id": _THE_ROW, "key_id": key.key_id})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStanding:
    """The keys at hand beside those that stored secrets are under. `unknown` are keys that nobody gave."""

    first: str
    first_is_in_force: bool
    under_earlier_keys: int
    unreadable: int
    unknown: tuple[str, ...]

    @classmethod
    async def of(cls, database: Database, keys: Sequence[SecretKey]) -> Self:
        """Raises StorageUnavailable."""
        first, *earlier = (key.key_id for key in keys)
        counted = select(tables.credentials.c.key_id, func.count()).group_by(tables.credentials.c.key_id)
        async with database.reading() as connection:
            in_force = await key_id_in_force(connection)
            counts = dict((await connection.execute(counted)).tuples().all())
        unknown = {key_id: count for key_id, count in counts.items() if key_id not in (first, *earlier)}
        return cls(
            first=first,
            first_is_in_force=in_force in (None, first),
            under_earlier_keys=sum(counts.get(key_id, 0) for key_id in earlier),
            unreadable=sum(unknown.values()),
            unknown=tuple(sorted(unknown)),
        )
