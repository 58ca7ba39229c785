"""CML credentials of single workers, encrypted with AES-256-GCM and bound to their worker."""

import os

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, select

from cmlfleet.application.ports.sources import CMLCredentials, CredentialsUnavailable
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.secret_key import SecretKey
from cmlfleet.persistence.upsert import upsert

_NONCE_BYTES = 12  # what GCM is made for


class SqlCredentialsStore:
    """Implements `CredentialsStore`. A ciphertext moved to another worker's row cannot be read there."""

    def __init__(self, database: Database, *, key: SecretKey) -> None:
        self._database = database
        self._key_id = key.key_id
        self._cipher = AESGCM(key.key)

    async def get(self, worker_id: WorkerId) -> CMLCredentials | None:
        """None where there are none. Raises CredentialsUnavailable where another key encrypted them."""
        query = select(tables.credentials).where(tables.credentials.c.worker_id == worker_id)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        nonce, sealed = row.ciphertext[:_NONCE_BYTES], row.ciphertext[_NONCE_BYTES:]
        try:
            plain = self._cipher.decrypt(nonce, sealed, self._bound_to(worker_id, row.key_id))
        except (InvalidTag, ValueError):  # ValueError: too short to be one of ours
            raise CredentialsUnavailable(
                f"the worker's own credentials were encrypted under the secret key {row.key_id}, and this process "
                f"has {self._key_id}: start it with that key, or set the credentials again"
            ) from None
        return msgspec.json.decode(plain, type=CMLCredentials)

    async def put(self, worker_id: WorkerId, credentials: CMLCredentials) -> None:
        """Replace what was stored. Raises StorageUnavailable."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(
            nonce, msgspec.json.encode(credentials), self._bound_to(worker_id, self._key_id)
        )
        row = {"worker_id": worker_id, "key_id": self._key_id, "ciphertext": nonce + sealed}
        async with self._database.writing() as connection:
            await connection.execute(upsert(connection, tables.credentials, replaced=("key_id", "ciphertext")), row)

    async def delete(self, worker_id: WorkerId) -> bool:
        """Whether there were any. Raises StorageUnavailable."""
        async with self._database.writing() as connection:
            done = await connection.execute(
                delete(tables.credentials).where(tables.credentials.c.worker_id == worker_id)
            )
            return done.rowcount > 0

    def _bound_to(self, worker_id: WorkerId, key_id: str) -> bytes:
        return f"{worker_id}\x00{key_id}".encode()
