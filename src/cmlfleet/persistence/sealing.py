"""Secrets in the database: encrypted with AES-256-GCM and bound to their place."""

import asyncio
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cmlfleet.persistence.secret_key import KeySource, SecretKey

_NONCE_BYTES = 12  # what GCM is made for
_LOOK_AGAIN_SECONDS = 10.0  # for a key that was not found: a command may take seconds

Clock = Callable[[], float]


class Unreadable(Exception):
    """A ciphertext that no key at hand decrypts: another key's, moved from elsewhere, or damaged."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ciphertext, and which key it is under."""

    key_id: str
    ciphertext: bytes


class Sealer:
    """Encrypts under the key in force, decrypts under every key at hand. `clock` counts seconds."""

    def __init__(self, source: KeySource, *, clock: Clock = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: Sequence[SecretKey] = ()
        self._missed_at: dict[str, float] = {}

    async def key_in_force(self) -> SecretKey:
        """Raises SecretKeyUnusable."""
        if not self._keys:
            await self.load()
        return self._keys[0]

    async def load(self) -> None:
        """Ask the source, which may have other keys by now. Raises SecretKeyUnusable."""
        self._keys = await asyncio.to_thread(self._source.load)

    async def unseal(self, sealed: Sealed, *, place: str) -> bytes:
        """What was sealed there. Raises Unreadable and SecretKeyUnusable."""
        return unseal(await self._key(sealed.key_id), sealed, place=place)

    async def _key(self, key_id: str) -> SecretKey:
        async with self._lock:
            found = self._find(key_id)
            if found is None and self._clock() - self._missed_at.get(key_id, -math.inf) > _LOOK_AGAIN_SECONDS:
                await self.load()
                found = self._find(key_id)
                if found is None:
                    self._missed_at[key_id] = self._clock()
        if found is None:
            raise Unreadable
        return found

    def _find(self, key_id: str) -> SecretKey | None:
        return next((key for key in self._keys if key.key_id == key_id), None)


def seal(key: SecretKey, plain: bytes, *, place: str) -> Sealed:
    """`place` names the row, so that the ciphertext is worth nothing in any other."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(key.key).encrypt(nonce, plain, _bound_to(place, key.key_id))
    return Sealed(key.key_id, nonce + sealed)


def unseal(key: SecretKey, sealed: Sealed, *, place: str) -> bytes:
    """Raises Unreadable."""
    nonce, ciphertext = sealed.ciphertext[:_NONCE_BYTES], sealed.ciphertext[_NONCE_BYTES:]
    try:
        return AESGCM(key.key).decrypt(nonce, ciphertext, _bound_to(place, sealed.key_id))
    except (InvalidTag, ValueError):  # ValueError: too short to be one of ours
        raise Unreadable from None


def _bound_to(place: str, key_id: str) -> bytes:
    return f"{place}\x00{key_id}".encode()
