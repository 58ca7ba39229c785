"""CML credentials of single workers, encrypted and bound to their worker."""

import msgspec
from sqlalchemy import delete, select

from cmlfleet.application.ports.sources import CMLCredentials, CredentialsUnavailable
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.key_in_force import claim_key
from cmlfleet.persistence.sealing import Sealed, Sealer, Unreadable, seal
from cmlfleet.persistence.upsert import upsert


class SqlCredentialsStore:
    """Implements `CredentialsStore`. A ciphertext moved to another worker's row cannot be read there."""

    def __init__(self, database: Database, *, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def get(self, worker_id: WorkerId) -> CMLCredentials | None:
        """None where there are none. Raises CredentialsUnavailable for some that no key at hand decrypts."""
        query = select(tables.credentials).where(tables.credentials.c.worker_id == worker_id)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        try:
            plain = await self._sealer.unseal(Sealed(row.key_id, row.ciphertext), place=worker_id)
        except Unreadable:
            present = await self._sealer.key_in_force()
            raise CredentialsUnavailable(
                f"the worker's own credentials were encrypted under the secret key {row.key_id}, and this process "
                f"has {present.key_id}: start it with that key too, or set the credentials again"
            ) from None
        return msgspec.json.decode(plain, type=CMLCredentials)

    async def put(self, worker_id: WorkerId, credentials: CMLCredentials) -> None:
        """Replace what was stored. Raises StorageUnavailable, also where another key is in force by now."""
        plain = msgspec.json.encode(credentials)
        if not await self._put(worker_id, plain):
            await self._sealer.load()  # somebody rotated the key
            if not await self._put(worker_id, plain):
                raise StorageUnavailable(
                    "secrets are written under another secret key than this process has: restart it with the new "
                    "one; where that is lost, run `cmlfleet secrets rotate --lost-key`"
                )

    async def delete(self, worker_id: WorkerId) -> bool:
        """Whether there were any. Raises StorageUnavailable."""
        async with self._database.writing() as connection:
            done = await connection.execute(
                delete(tables.credentials).where(tables.credentials.c.worker_id == worker_id)
            )
            return done.rowcount > 0

    async def _put(self, worker_id: WorkerId, plain: bytes) -> bool:
        key = await self._sealer.key_in_force()
        sealed = seal(key, plain, place=worker_id)
        row = {"worker_id": worker_id, "key_id": sealed.key_id, "ciphertext": sealed.ciphertext}
        async with self._database.writing() as connection:
            if not await claim_key(connection, key):
                return False
            await connection.execute(upsert(connection, tables.credentials, replaced=("key_id", "ciphertext")), row)
        return True
