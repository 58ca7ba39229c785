"""Sign-ins at an OpenID provider that are under way."""

import msgspec
from sqlalchemy import delete, insert

from cmlfleet.application.commands.openid_commands import LONGEST_ATTEMPT
from cmlfleet.application.ports.identity_provider import OpenIDAttempt
from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database

_table = tables.openid_attempts
_decoder = msgspec.json.Decoder(OpenIDAttempt)


class SqlOpenIDAttempts:
    """Implements `OpenIDAttempts`; each method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, attempt: OpenIDAttempt, *, state_hash: str) -> None:
        """Those that were given up go."""
        row = {"state_hash": state_hash, "begun_at": attempt.begun_at, "document": msgspec.json.encode(attempt)}
        async with self._database.writing() as connection:
            await connection.execute(delete(_table).where(_table.c.begun_at < attempt.begun_at - LONGEST_ATTEMPT))
            await connection.execute(insert(_table), row)

    async def take(self, state_hash: str) -> OpenIDAttempt | None:
        """Once: whoever comes with the same state again finds nothing."""
        removal = delete(_table).where(_table.c.state_hash == state_hash).returning(_table.c.document)
        async with self._database.writing() as connection:
            document = (await connection.execute(removal)).scalar()
            return None if document is None else _decoder.decode(document)
