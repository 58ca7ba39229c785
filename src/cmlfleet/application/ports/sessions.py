"""Where the console's sessions live. Every method may raise `StorageUnavailable`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser. Who it is and what they may do is asked of the token at each request, so that a revoked
    token ends its sessions at once."""

    token_hash: str
    created_at: datetime
    last_used_at: datetime


class SessionStore(Protocol):
    """Sessions by the SHA-256 hash of the id that the browser holds."""

    async def add(self, session: Session, *, id_hash: str) -> None: ...
    async def find(self, id_hash: str) -> Session | None: ...
    async def used(self, id_hash: str, *, at: datetime) -> None: ...
    async def remove(self, id_hash: str) -> bool: ...
    async def remove_ended(self, *, created_before: datetime, used_before: datetime) -> int:
        """Drop those that are too old or were left alone too long; answers how many."""
        ...
