"""Which processes there are: each says every few seconds that it lives, and lapses otherwise."""

import msgspec
import structlog

from cmlfleet.application.queries.system_views import ProcessView
from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.redis_link import RedisLink, reached

LIVES_SECONDS = 10.0
SAY_EVERY_SECONDS = 3.0

logger = structlog.get_logger(__name__)

_decoder = msgspec.json.Decoder(ProcessView)


class ProcessRegistry:
    """Every method raises CoordinationUnavailable."""

    def __init__(self, link: RedisLink, keys: Keys) -> None:
        self._redis = link.client
        self._keys = keys

    async def say(self, process: ProcessView) -> None:
        """It lives."""
        async with reached(), self._redis.pipeline(transaction=True) as pipe:
            pipe.set(self._keys.process(process.id), msgspec.json.encode(process), px=round(LIVES_SECONDS * 1000))
            pipe.sadd(self._keys.processes, process.id)
            await pipe.execute()

    async def forget(self, process_id: str) -> None:
        """It stops."""
        async with reached(), self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(self._keys.process(process_id))
            pipe.srem(self._keys.processes, process_id)
            await pipe.execute()

    async def living(self) -> list[ProcessView]:
        """In the order of their starts, without those that speak as we do not understand. Who leads, a process does
        not say of itself."""
        async with reached():
            ids: list[bytes] = sorted(await self._redis.smembers(self._keys.processes))
            texts: list[bytes | None] = []
            if ids:
                texts = await self._redis.mget([self._keys.process(each.decode()) for each in ids])
            lapsed = [each for each, text in zip(ids, texts, strict=True) if text is None]
            if lapsed:
                await self._redis.srem(self._keys.processes, *lapsed)
        found = [_decoded(text) for text in texts if text is not None]
        return sorted(
            (each for each in found if each is not None), key=lambda process: (process.started_at, process.id)
        )

    async def leader(self) -> str | None:
        """The id of the process that leads."""
        async with reached():
            token = await self._redis.get(self._keys.leader)
        return None if token is None else leader_of(token)

    async def redis_time(self) -> float:
        """Seconds since 1970, by Redis's clock."""
        async with reached():
            seconds, microseconds = await self._redis.time()
        return seconds + microseconds / 1_000_000


def _decoded(text: bytes) -> ProcessView | None:
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError as error:
        logger.info("process_not_understood", error=str(error))  # another version's
        return None


def leader_of(token: bytes) -> str:
    """The process whose token it is: `Leadership` begins each with it."""
    return token.decode().partition(":")[0]
