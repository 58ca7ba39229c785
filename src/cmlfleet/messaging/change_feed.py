"""The change feed as a Redis stream of limited length."""

from collections.abc import Sequence
from uuid import uuid4

import msgspec
import structlog

from cmlfleet.application.ports.change_feed import FeedEntry, FeedPosition
from cmlfleet.application.ports.storage import Operation
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.redis_link import ANSWER_SECONDS, RedisLink, reached

MOST_ENTRIES = 20_000  # minutes of a busy cluster: whoever comes back later reads everything again
AT_ONCE = 1_000

logger = structlog.get_logger(__name__)

_END = """
local stream, epoch = KEYS[1], KEYS[2]
if redis.call('EXISTS', stream, epoch) < 2 then
  redis.call('SET', epoch, ARGV[1])
  redis.call('XADD', stream, '*', 'data', '{}')
end
return {redis.call('GET', epoch), redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1][1]}
"""


class _Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Fields are only added, and have defaults: processes of two versions read each other's entries."""

    saved: dict[WorkerId, int] = {}
    removed: tuple[WorkerId, ...] = ()
    operations: tuple[Operation, ...] = ()
    has_events: bool = False


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Body)


class RedisChangeFeed:
    """Implements `ChangeFeed`. The stream always has an entry: its first one tells how far it reaches back."""

    def __init__(self, link: RedisLink, keys: Keys) -> None:
        self._redis = link.client
        self._keys = keys

    async def end(self) -> FeedPosition:
        """Begins a new epoch where there is none. Raises CoordinationUnavailable."""
        async with reached():
            epoch, last = await self._redis.eval(
                _END, 2, self._keys.changes, self._keys.changes_epoch, uuid4().hex[:8]
            )
        return _position(epoch.decode(), last)

    async def publish(self, entry: FeedEntry) -> None:
        """Raises CoordinationUnavailable."""
        body = _Body(
            saved=dict(entry.saved),
            removed=tuple(entry.removed),
            operations=tuple(entry.operations),
            has_events=entry.has_events,
        )
        async with reached():
            await self._redis.xadd(
                self._keys.changes, {"data": _encoder.encode(body)}, maxlen=MOST_ENTRIES, approximate=True
            )

    async def read(self, after: FeedPosition, *, wait_seconds: float) -> Sequence[tuple[FeedPosition, FeedEntry]]:
        """Raises CoordinationUnavailable."""
        async with reached(within_seconds=ANSWER_SECONDS + wait_seconds):
            answer = await self._redis.xread(
                {self._keys.changes: _id(after)}, count=AT_ONCE, block=round(wait_seconds * 1000)
            )
        return [_entry(after.epoch, *found) for _, entries in answer for found in entries]

    async def since(self, after: FeedPosition) -> Sequence[tuple[FeedPosition, FeedEntry]] | None:
        """Raises CoordinationUnavailable."""
        async with reached(), self._redis.pipeline(transaction=True) as pipe:
            pipe.get(self._keys.changes_epoch)
            pipe.xrange(self._keys.changes, count=1)
            pipe.xrange(self._keys.changes, min=f"({_id(after)}")
            epoch, first, entries = await pipe.execute()
        if epoch is None or epoch.decode() != after.epoch or not first:
            return None
        if _position(after.epoch, first[0][0]) > after:
            return None
        return [_entry(after.epoch, *found) for found in entries]


def _entry(epoch: str, entry_id: bytes, fields: dict[bytes, bytes]) -> tuple[FeedPosition, FeedEntry]:
    """What cannot be understood tells nothing: comparing with the database finds what it was about."""
    try:
        body = _decoder.decode(fields[b"data"])
    except (KeyError, msgspec.DecodeError) as error:
        logger.warning("change_not_understood", entry_id=entry_id.decode(), error=str(error))
        body = _Body()
    entry = FeedEntry(saved=body.saved, removed=body.removed, operations=body.operations, has_events=body.has_events)
    return _position(epoch, entry_id), entry


def _position(epoch: str, entry_id: bytes) -> FeedPosition:
    milliseconds, _, number = entry_id.decode().partition("-")
    return FeedPosition(epoch=epoch, milliseconds=int(milliseconds), number=int(number))


def _id(position: FeedPosition) -> str:
    return f"{position.milliseconds}-{position.number}"
