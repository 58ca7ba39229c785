"""Users and the code for the first of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from cmlfleet.application.ports.users import User
from cmlfleet.application.principal import Role
from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.team_limits import decode_limit, encode_limit, limited_labels
from cmlfleet.persistence.upsert import upsert

_FIRST = 1  # the one row of the code


class SqlUserStore:
    """Implements `UserStore`; each method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, user: User) -> bool:
        """Whether the name was free."""
        try:
            async with self._database.writing() as connection:
                await connection.execute(insert(tables.users), _row(user))
        except IntegrityError:
            return False
        return True

    async def add_first(self, user: User) -> bool:
        """The code's row is locked meanwhile and goes with it, so that two with the same code are not both first."""
        codes = tables.set_up_code
        async with self._database.writing() as connection:
            locked = await connection.execute(select(codes.c.id).where(codes.c.id == _FIRST).with_for_update())
            if locked.first() is None or (await connection.execute(select(tables.users.c.id).limit(1))).first():
                return False
            await connection.execute(insert(tables.users), _row(user))
            await connection.execute(codes.delete())
            return True

    async def any(self) -> bool:
        """Whether there is somebody."""
        async with self._database.reading() as connection:
            return (await connection.execute(select(tables.users.c.id).limit(1))).first() is not None

    async def get(self, user_id: str) -> User | None:
        """By id."""
        return await self._one(tables.users.c.id == user_id)

    async def named(self, name: str) -> User | None:
        """By name, in any case."""
        return await self._one(tables.users.c.folded_name == name.casefold())

    async def list(self) -> Sequence[User]:
        """In the order of their names."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(tables.users).order_by(tables.users.c.folded_name))
            return [_user(row) for row in rows]

    async def save(self, user: User) -> None:
        """Role, limit, password, and whether they may sign in."""
        row = _row(user)
        changed = {name: row[name] for name in ("role", "team_limit", "disabled", "password_hash")}
        async with self._database.writing() as connection:
            await connection.execute(update(tables.users).where(tables.users.c.id == user.id).values(changed))

    async def signed_in(self, user_id: str, *, at: datetime) -> None:
        """The latest time."""
        async with self._database.writing() as connection:
            await connection.execute(
                update(tables.users).where(tables.users.c.id == user_id).values(last_signed_in_at=at)
            )

    async def limited_labels(self) -> frozenset[str]:
        """The keys of labels that limits use."""
        async with self._database.reading() as connection:
            return await limited_labels(connection, tables.users)

    async def set_up_code(self) -> str | None:
        """None once there is somebody."""
        async with self._database.reading() as connection:
            if (await connection.execute(select(tables.users.c.id).limit(1))).first() is not None:
                return None
            return (await connection.execute(select(tables.set_up_code.c.code_hash))).scalar()

    async def replace_set_up_code(self, code_hash: str) -> None:
        """The one before is worth nothing from now on."""
        async with self._database.writing() as connection:
            statement = upsert(connection, tables.set_up_code, replaced=("code_hash",))
            await connection.execute(statement, {"id": _FIRST, "code_hash": code_hash})

    async def _one(self, condition: Any) -> User | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(tables.users).where(condition))).first()
            return None if row is None else _user(row)


def _row(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "folded_name": user.name.casefold(),
        "role": user.role.value,
        "team_limit": encode_limit(user.limit),
        "disabled": user.disabled,
        "created_at": user.created_at,
        "last_signed_in_at": user.last_signed_in_at,
        "password_hash": user.password_hash,
    }


def _user(row: Any) -> User:
    return User(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        limit=decode_limit(row.team_limit),
        disabled=row.disabled,
        created_at=row.created_at,
        last_signed_in_at=row.last_signed_in_at,
        password_hash=row.password_hash,
    )
