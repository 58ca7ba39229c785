"""The monitoring groups' members, where the next leader finds them."""

from collections.abc import Iterable, Sequence

import msgspec
import structlog

from cmlfleet.application.ports.group_queue import StoredGroup
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.redis_link import RedisLink, reached

logger = structlog.get_logger(__name__)


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    account: AccountId
    region: Region
    members: tuple[WorkerId, ...]


_decoder = msgspec.json.Decoder(_Entry)


class RedisGroupRegister:
    """Implements `GroupRegister`."""

    def __init__(self, link: RedisLink, keys: Keys) -> None:
        self._redis = link.client
        self._keys = keys

    async def load(self) -> Sequence[StoredGroup]:
        """An entry that cannot be understood has nobody in it: who was in it is found in no group, and gets another.

        Raises CoordinationUnavailable.
        """
        async with reached():
            found = await self._redis.hgetall(self._keys.groups)
        return [_stored(name.decode(), text) for name, text in found.items()]

    async def save(self, groups: Iterable[StoredGroup], *, closed: Iterable[str]) -> None:
        """Raises CoordinationUnavailable."""
        entries = {
            group.group_id: msgspec.json.encode(
                _Entry(account=group.account_id, region=group.region, members=group.members)
            )
            for group in groups
        }
        gone = tuple(closed)
        async with reached(), self._redis.pipeline(transaction=True) as pipe:
            if entries:
                pipe.hset(self._keys.groups, mapping=entries)
            if gone:
                pipe.hdel(self._keys.groups, *gone)
            pipe.incr(self._keys.groups_version)
            await pipe.execute()


def _stored(group_id: str, text: bytes) -> StoredGroup:
    try:
        entry = _decoder.decode(text)
    except msgspec.DecodeError as error:
        logger.warning("stored_group_not_understood", group_id=group_id, error=str(error))
        entry = _Entry(account=AccountId(""), region=Region(""), members=())
    return StoredGroup(group_id=group_id, account_id=entry.account, region=entry.region, members=entry.members)
