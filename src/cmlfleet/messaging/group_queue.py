"""Putting groups on the queue, each slot once and only while the term lasts."""

from cmlfleet.application.ports.cluster import Term
from cmlfleet.application.ports.group_queue import FireOutcome, GroupFire
from cmlfleet.messaging.group_messages import encode, heartbeat, slot_number
from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.redis_link import RedisLink, reached, reached_by_thread

MOST_MESSAGES = 2_000  # of the stream: minutes of the largest fleet; older ones have long been superseded

_FIRE = """
local leader, fence, fires, queue = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, number, group, slot, message, most = unpack(ARGV)
if redis.call('GET', leader) ~= token then return 'not leading' end
if tonumber(number) < tonumber(redis.call('GET', fence) or '0') then return 'not leading' end
redis.call('SET', fence, number)
if tonumber(slot) <= tonumber(redis.call('HGET', fires, group) or '0') then return 'fired already' end
redis.call('HSET', fires, group, slot)
redis.call('XADD', queue, 'MAXLEN', '~', most, '*', 'data', message)
return 'fired'
"""
_OUTCOMES = {
    "fired": FireOutcome.FIRED,
    "fired already": FireOutcome.FIRED_ALREADY,
    "not leading": FireOutcome.NOT_LEADING,
}


class RedisGroupQueue:
    """Implements `GroupQueue` with one script, which Redis runs as one step."""

    def __init__(self, link: RedisLink, keys: Keys) -> None:
        self._link = link
        self._keys = keys
        self._redis = link.synchronous()

    def fire(self, term: Term, fire: GroupFire) -> FireOutcome:
        """Blocks its thread for as long as Redis may take. Raises CoordinationUnavailable."""
        keys = (self._keys.leader, self._keys.fence, self._keys.fires, self._keys.queue)
        message = encode(fire, fence=term.fence)
        arguments = (term.token, term.fence, fire.group_id, slot_number(fire.slot), message, MOST_MESSAGES)
        with reached_by_thread():
            outcome = self._redis.eval(_FIRE, len(keys), *keys, *arguments)
        return _OUTCOMES[bytes(outcome).decode()]

    async def heartbeat(self) -> None:
        """Have one of the receivers look for what dead ones left behind. Raises CoordinationUnavailable."""
        async with reached():
            await self._link.client.xadd(
                self._keys.queue, {"data": heartbeat()}, maxlen=MOST_MESSAGES, approximate=True
            )

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()
