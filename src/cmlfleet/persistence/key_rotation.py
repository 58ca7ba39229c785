"""Re-encrypting every stored secret under a new key."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update

from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.key_in_force import key_id_in_force, put_in_force
from cmlfleet.persistence.sealing import Sealed, Unreadable, seal, unseal
from cmlfleet.persistence.secret_key import KeySource, SecretKey

BATCH = 500  # rows in one transaction: the service's writers wait some milliseconds for it

_CREDENTIALS = tables.credentials.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What was done: `unreadable` names the workers whose credentials no key at hand decrypts."""

    key_id: str
    sealed_anew: int
    unreadable: tuple[str, ...]


class KeyRotation:
    """Puts a new key in force and re-encrypts everything under it, or goes on with a rotation that was cut short.

    A source that holds several keys says that a rotation to its first is under way. The old keys stay there until
    nothing is encrypted under them, so a kill at any moment loses nothing. `tell` hears how many are done.
    """

    def __init__(self, database: Database, source: KeySource, *, tell: Callable[[int], None]) -> None:
        self._database = database
        self._source = source
        self._tell = tell

    async def run(self, *, lost_key: bool = False) -> Rotation:
        """`lost_key` goes on although the key in force so far is not among those given. Raises StorageUnavailable."""
        keys = await self._begin(lost_key=lost_key)
        async with self._database.writing() as connection:
            await put_in_force(connection, keys[0])
        by_id = {key.key_id: key for key in keys}
        done, unreadable, last = 0, list[str](), ""
        while batch := await self._others_after(last, key=keys[0]):
            failed = await self._seal_anew(batch, by_id, keys[0])
            done += len(batch) - len(failed)
            unreadable += failed
            last = batch[-1].worker_id
            self._tell(done)
        await asyncio.to_thread(self._source.end_rotation)
        return Rotation(key_id=keys[0].key_id, sealed_anew=done, unreadable=tuple(unreadable))

    async def _begin(self, *, lost_key: bool) -> Sequence[SecretKey]:
        keys = await asyncio.to_thread(self._source.load)
        async with self._database.reading() as connection:
            in_force = await key_id_in_force(connection)
        is_given = in_force is None or any(key.key_id == in_force for key in keys)
        if not is_given and not lost_key:
            raise StorageUnavailable(
                f"secrets are written under the key {in_force}, which is not among those given "
                f"({', '.join(key.key_id for key in keys)}): give it too, or, where it is lost, give --lost-key"
            )
        if len(keys) > 1 or not is_given:
            return keys
        await asyncio.to_thread(self._source.begin_rotation)
        return await asyncio.to_thread(self._source.load)

    async def _others_after(self, worker_id: str, *, key: SecretKey) -> Sequence[Row[Any]]:
        query = (
            select(tables.credentials)
            .where(_CREDENTIALS.worker_id > worker_id, _CREDENTIALS.key_id != key.key_id)
            .order_by(_CREDENTIALS.worker_id)
            .limit(BATCH)
        )
        async with self._database.reading() as connection:
            return (await connection.execute(query)).all()

    async def _seal_anew(self, rows: Sequence[Row[Any]], by_id: Mapping[str, SecretKey], key: SecretKey) -> list[str]:
        """The workers whose credentials could not be read. What somebody set meanwhile is under the new key already,
        and is left alone."""
        unreadable: list[str] = []
        async with self._database.writing() as connection:
            for row in rows:
                try:
                    plain = unseal(_known(by_id, row.key_id), Sealed(row.key_id, row.ciphertext), place=row.worker_id)
                except Unreadable:
                    unreadable.append(row.worker_id)
                    continue
                sealed = seal(key, plain, place=row.worker_id)
                await connection.execute(
                    update(tables.credentials)
                    .where(_CREDENTIALS.worker_id == row.worker_id, _CREDENTIALS.ciphertext == row.ciphertext)
                    .values(key_id=sealed.key_id, ciphertext=sealed.ciphertext)
                )
        return unreadable


def _known(by_id: Mapping[str, SecretKey], key_id: str) -> SecretKey:
    if key_id not in by_id:
        raise Unreadable
    return by_id[key_id]
