"""Ids that look like Cisco's (UUID4) and are the same for the same seed."""

import hashlib
from uuid import UUID

_UUID4_BYTES = 16


def stable_uuid(*parts: object) -> str:
    """A UUID4 that depends on the parts alone, so that ids need no store until they are asked for."""
    text = "/".join(map(str, parts))
    digest = hashlib.blake2b(text.encode(), digest_size=_UUID4_BYTES).digest()
    return str(UUID(bytes=digest, version=4))


def stable_fraction(*parts: object) -> float:
    """A number from 0 (included) to 1 (excluded) that depends on the parts alone."""
    text = "/".join(map(str, parts))
    digest = hashlib.blake2b(text.encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


class IdSource:
    """Ids of one controller: by name for what is planned, by number for what is made while it runs."""

    __slots__ = ("_made", "_seed")

    def __init__(self, *, seed: str) -> None:
        self._seed = seed
        self._made = 0

    def named(self, *parts: object) -> str:
        return stable_uuid(self._seed, *parts)

    def fraction(self, *parts: object) -> float:
        return stable_fraction(self._seed, *parts)

    def new(self) -> str:
        self._made += 1
        return stable_uuid(self._seed, "made", self._made)
