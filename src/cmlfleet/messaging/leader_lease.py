"""Who leads, as a key in Redis that lapses."""

from cmlfleet.messaging.held_key import KEEP, LET_GO
from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.redis_link import RedisLink, reached

LEASE_SECONDS = 6.0  # a leader that died is replaced within this and a second or two; one that stalls so long, too


class RedisLeaderLease:
    """Implements `LeaderLease`."""

    lease_seconds = LEASE_SECONDS

    def __init__(self, link: RedisLink, keys: Keys) -> None:
        self._redis = link.client
        self._keys = keys
        self._milliseconds = round(LEASE_SECONDS * 1000)

    async def acquire(self, token: str) -> bool:
        """Take it if nobody holds it. Raises CoordinationUnavailable."""
        async with reached():
            return bool(await self._redis.set(self._keys.leader, token, nx=True, px=self._milliseconds))

    async def renew(self, token: str) -> bool:
        """Raises CoordinationUnavailable."""
        async with reached():
            return bool(await self._redis.eval(KEEP, 1, self._keys.leader, token, self._milliseconds))

    async def release(self, token: str) -> None:
        """Raises CoordinationUnavailable."""
        async with reached():
            await self._redis.eval(LET_GO, 1, self._keys.leader, token)
