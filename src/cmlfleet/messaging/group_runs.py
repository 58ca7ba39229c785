"""Which group runs where: a group never runs over itself, in whatever process, and nobody runs what is superseded."""

import asyncio
from enum import Enum

from cmlfleet.application.ports.group_queue import GroupFire
from cmlfleet.messaging.group_messages import slot_number
from cmlfleet.messaging.held_key import KEEP, LET_GO
from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.redis_link import RedisLink, reached

SILENT_SECONDS = 10.0  # a process from which nothing was heard for so long is dead: its groups are delivered again
KEEP_EVERY_SECONDS = SILENT_SECONDS / 3

_BEGIN = """
local fires, running = KEYS[1], KEYS[2]
local group, slot, process, milliseconds = unpack(ARGV)
if tonumber(redis.call('HGET', fires, group) or '0') > tonumber(slot) then return 'superseded' end
local holder = redis.call('GET', running)
if holder then
  if string.sub(holder, 1, string.len(slot) + 1) == slot .. ' ' then return 'delivered twice' end
  return 'still running'
end
redis.call('SET', running, slot .. ' ' .. process, 'PX', milliseconds)
return 'begin'
"""


class Verdict(Enum):
    """What to do with a fire that was taken from the queue."""

    BEGIN = "begin"
    SUPERSEDED = "superseded"
    """A later fire of the group is on the queue: it does the same work."""
    STILL_RUNNING = "still running"
    """The run of an earlier fire has not ended yet."""
    DELIVERED_TWICE = "delivered twice"
    """This very fire is running, here or elsewhere; or its process has just died, and it will be delivered again."""


class GroupRuns:
    """What runs is said to run every few seconds; of a process that died nothing is said, and its runs lapse."""

    def __init__(self, link: RedisLink, keys: Keys, *, process_id: str) -> None:
        self._redis = link.client
        self._keys = keys
        self._process_id = process_id
        self._milliseconds = round(SILENT_SECONDS * 1000)
        self._held: dict[str, str] = {}

    async def begin(self, fire: GroupFire) -> Verdict:
        """Raises CoordinationUnavailable."""
        slot = slot_number(fire.slot)
        running = self._keys.running(fire.group_id)
        async with reached():
            answer = await self._redis.eval(
                _BEGIN, 2, self._keys.fires, running, fire.group_id, slot, self._process_id, self._milliseconds
            )
        verdict = Verdict(answer.decode())
        if verdict is Verdict.BEGIN:
            self._held[running] = f"{slot} {self._process_id}"
        return verdict

    async def is_superseded(self, fire: GroupFire) -> bool:
        """Raises CoordinationUnavailable."""
        async with reached():
            latest = await self._redis.hget(self._keys.fires, fire.group_id)
        return latest is not None and int(latest) > slot_number(fire.slot)

    async def keep(self) -> None:
        """Say that what runs here still runs. Raises CoordinationUnavailable."""
        async with reached():
            await asyncio.gather(
                *(
                    self._redis.eval(KEEP, 1, running, holder, self._milliseconds)
                    for running, holder in tuple(self._held.items())
                )
            )

    async def end(self, fire: GroupFire) -> None:
        """The run has ended, well or badly. Raises CoordinationUnavailable."""
        running = self._keys.running(fire.group_id)
        holder = self._held.pop(running, None)
        if holder is not None:
            async with reached():
                await self._redis.eval(LET_GO, 1, running, holder)
