"""The console's sessions, by the hash of their id."""

from datetime import datetime

import msgspec
from sqlalchemy import delete, insert, or_, select, update

from cmlfleet.application.ports.sessions import Identity, Session
from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database

_table = tables.sessions
_decoder = msgspec.json.Decoder(Identity)


class SqlSessionStore:
    """Implements `SessionStore`; each method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, session: Session, *, id_hash: str) -> None:
        """Store a new one."""
        async with self._database.writing() as connection:
            await connection.execute(
                insert(_table),
                {
                    "id_hash": id_hash,
                    "holder": session.holder,
                    "identity": None if session.identity is None else msgspec.json.encode(session.identity),
                    "created_at": session.created_at,
                    "last_used_at": session.last_used_at,
                },
            )

    async def find(self, id_hash: str) -> Session | None:
        """The session, ended or not."""
        query = select(_table)
        async with self._database.reading() as connection:
            row = (await connection.execute(query.where(_table.c.id_hash == id_hash))).first()
            if row is None:
                return None
            return Session(
                holder=row.holder,
                identity=None if row.identity is None else _decoder.decode(row.identity),
                created_at=row.created_at,
                last_used_at=row.last_used_at,
            )

    async def used(self, id_hash: str, *, at: datetime) -> None:
        """It is in use."""
        async with self._database.writing() as connection:
            await connection.execute(update(_table).where(_table.c.id_hash == id_hash).values(last_used_at=at))

    async def remove(self, id_hash: str) -> bool:
        """Whether there was such a session."""
        async with self._database.writing() as connection:
            done = await connection.execute(delete(_table).where(_table.c.id_hash == id_hash))
            return done.rowcount > 0

    async def remove_of(self, holder: str) -> int:
        """How many went."""
        async with self._database.writing() as connection:
            return (await connection.execute(delete(_table).where(_table.c.holder == holder))).rowcount

    async def remove_ended(self, *, created_before: datetime, used_before: datetime) -> int:
        """How many went."""
        ended = or_(_table.c.created_at < created_before, _table.c.last_used_at < used_before)
        async with self._database.writing() as connection:
            return (await connection.execute(delete(_table).where(ended))).rowcount
