"""Attempts to sign in, as leaking buckets, and the browsers that succeeded before."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cmlfleet.application.clock import Clock
from cmlfleet.application.ports.users import AttemptLimit
from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.upsert import upsert

TRUSTED_FOR = timedelta(days=90)
FORGOTTEN_AFTER = timedelta(days=1)  # longer than any bucket takes to run empty
_LOCK = 0x636D6C61  # an arbitrary number that nothing else in the database should lock
_TRUSTED = "trusted"


class SqlAttempts:
    """Implements `Attempts`; each method raises StorageUnavailable. Keys are stored as hashes."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def take(self, limits: Mapping[str, AttemptLimit]) -> float | None:
        """All or none, and one caller at a time: guesses that come together are counted together."""
        now = self._clock()
        async with self._database.writing() as connection:
            await _alone(connection)
            levels = await self._levels(connection, limits, now)
            waits = [
                (levels[key] + 1 - limit.most) * limit.one_more_every_seconds
                for key, limit in limits.items()
                if levels[key] + 1 > limit.most
            ]
            if waits:
                return max(waits)
            await self._store(connection, {key: level + 1 for key, level in levels.items()}, now)
            attempts = tables.sign_in_attempts
            await connection.execute(
                delete(attempts).where(
                    (attempts.c.at < now - TRUSTED_FOR)
                    | ((attempts.c.at < now - FORGOTTEN_AFTER) & (attempts.c.level >= 0))
                )
            )
        return None

    async def give_back(self, limits: Mapping[str, AttemptLimit]) -> None:
        """One that succeeded does not count."""
        now = self._clock()
        async with self._database.writing() as connection:
            await _alone(connection)
            levels = await self._levels(connection, limits, now)
            await self._store(connection, {key: max(0.0, level - 1) for key, level in levels.items()}, now)

    async def trust(self, device: str, *, user_id: str) -> None:
        """From now on, for a while."""
        async with self._database.writing() as connection:
            await self._store(connection, {_trusted(device, user_id): -1.0}, self._clock())

    async def is_trusted(self, device: str, *, user_id: str) -> bool:
        """Whether the user signed in with it lately."""
        attempts = tables.sign_in_attempts.c
        query = select(attempts.at).where(attempts.key == _hashed(_trusted(device, user_id)))
        async with self._database.reading() as connection:
            at: datetime | None = (await connection.execute(query)).scalar()
            return at is not None and self._clock() - at < TRUSTED_FOR

    @staticmethod
    async def _levels(
        connection: AsyncConnection, limits: Mapping[str, AttemptLimit], now: datetime
    ) -> dict[str, float]:
        attempts = tables.sign_in_attempts.c
        query = select(attempts.key, attempts.level, attempts.at).where(
            attempts.key.in_([_hashed(key) for key in limits])
        )
        stored = {row.key: row for row in await connection.execute(query)}
        levels: dict[str, float] = {}
        for key, limit in limits.items():
            row = stored.get(_hashed(key))
            leaked = 0.0 if row is None else (now - row.at).total_seconds() / limit.one_more_every_seconds
            levels[key] = 0.0 if row is None else max(0.0, row.level - max(0.0, leaked))
        return levels

    @staticmethod
    async def _store(connection: AsyncConnection, levels: Mapping[str, float], now: datetime) -> None:
        rows = [{"key": _hashed(key), "level": level, "at": now} for key, level in levels.items()]
        await connection.execute(upsert(connection, tables.sign_in_attempts, replaced=("level", "at")), rows)


async def _alone(connection: AsyncConnection) -> None:
    """SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _trusted(device: str, user_id: str) -> str:
    return f"{_TRUSTED} {device} {user_id}"


def _hashed(key: str) -> str:
    return sha256(key.encode()).hexdigest()
