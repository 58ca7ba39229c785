"""API tokens, by the hash of their text."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from cmlfleet.application.ports.storage import ApiToken
from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.team_limits import decode_limit, encode_limit, limited_labels


class SqlTokenStore:
    """Implements `TokenStore`; each method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, token: ApiToken, *, token_hash: str) -> None:
        """Store the record of a new token."""
        row = {
            "token_id": token.id,
            "token_hash": token_hash,
            "name": token.name,
            "role": token.role,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "last_used_at": token.last_used_at,
            "team_limit": encode_limit(token.limit),
        }
        async with self._database.writing() as connection:
            await connection.execute(insert(tables.api_tokens), row)

    async def find(self, token_hash: str) -> ApiToken | None:
        """The token's record, expired or not."""
        query = select(tables.api_tokens).where(tables.api_tokens.c.token_hash == token_hash)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
            return None if row is None else _record(row)

    async def list(self) -> Sequence[ApiToken]:
        """The oldest first."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(tables.api_tokens).order_by(tables.api_tokens.c.created_at))
            return [_record(row) for row in rows]

    async def used(self, token_id: str, *, at: datetime) -> None:
        """It is in use."""
        same = tables.api_tokens.c.token_id == token_id
        async with self._database.writing() as connection:
            await connection.execute(update(tables.api_tokens).where(same).values(last_used_at=at))

    async def revoke(self, token_id: str) -> ApiToken | None:
        """The token as it was."""
        tokens = tables.api_tokens
        removal = delete(tokens).where(tokens.c.token_id == token_id).returning(tokens)
        async with self._database.writing() as connection:
            row = (await connection.execute(removal)).first()
            return None if row is None else _record(row)

    async def limited_labels(self) -> frozenset[str]:
        """The keys of labels that limits use."""
        async with self._database.reading() as connection:
            return await limited_labels(connection, tables.api_tokens)


def _record(row: Any) -> ApiToken:
    return ApiToken(
        id=row.token_id,
        name=row.name,
        role=row.role,
        created_at=row.created_at,
        limit=decode_limit(row.team_limit),
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )
