"""Argon2id, beside the event loop."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from cmlfleet.application.errors import TooManyAttempts

T = TypeVar("T")

AT_ONCE = 2  # each takes a core for some 30 ms
MOST_WAITING = 50  # a second and a half of them; who comes later is told so at once
BUSY_SECONDS = 2.0

# OWASP's password storage cheat sheet: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODYS = _hasher.hash("a password that nobody has")


class Argon2Passwords:
    """Implements `Passwords`; each method raises TooManyAttempts while too many wait."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """With a salt of its own."""
        return await self._in_turn(lambda: _hasher.hash(password))

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """As slow for nobody's as for somebody's."""

        def verify() -> bool:
            with suppress(Argon2Error, InvalidHashError):
                return _hasher.verify(password_hash or _NOBODYS, password) and password_hash is not None
            return False

        return await self._in_turn(verify)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise TooManyAttempts(BUSY_SECONDS)
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
