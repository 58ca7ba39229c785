"""The same refresh asked for in two processes at the same moment is one run, whose result both get."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import msgspec
import structlog

from cmlfleet.application.ports.cluster import CoordinationUnavailable
from cmlfleet.application.queries.views import RefreshResult
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.messaging.held_key import KEEP, LET_GO
from cmlfleet.messaging.keys import Keys
from cmlfleet.messaging.redis_link import ANSWER_SECONDS, RedisLink, reached

LEASE_SECONDS = 5.0  # renewed while the run goes on; of a process that died nobody waits longer
KEPT_SECONDS = 10.0  # a result, for those who waited for it
WAIT_SECONDS = 1.0  # for the result, before looking whether its run still lives

_HAND_OVER = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
redis.call('XADD', KEYS[2], '*', 'data', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
"""

logger = structlog.get_logger(__name__)

_decoder = msgspec.json.Decoder(RefreshResult)


class SharedRefreshes:
    """Implements `RefreshSharing`. Without Redis everybody runs alone: records stand two runs at once."""

    def __init__(self, link: RedisLink, keys: Keys) -> None:
        self._redis = link.client
        self._keys = keys

    async def run(self, worker_id: WorkerId, work: Callable[[], Awaitable[RefreshResult]]) -> RefreshResult:
        """The result of the run under way elsewhere, or of ours. What our run raises is ours alone."""
        token = uuid4().hex
        while True:
            try:
                holder = await self._take(worker_id, token)
                if holder is not None:
                    result = await self._result_of(worker_id, holder)
                    if result is not None:
                        return result
                    continue
            except CoordinationUnavailable:
                return await work()
            return await self._run(worker_id, token, work)

    async def _take(self, worker_id: WorkerId, token: str) -> str | None:
        """None: it is ours; else whose it is."""
        async with reached():
            held = await self._redis.set(
                self._keys.refresh(worker_id), token, nx=True, get=True, px=round(LEASE_SECONDS * 1000)
            )
        return None if held is None else held.decode()

    async def _run(
        self, worker_id: WorkerId, token: str, work: Callable[[], Awaitable[RefreshResult]]
    ) -> RefreshResult:
        renewing = asyncio.ensure_future(self._renew(worker_id, token))
        try:
            result = await work()
        except BaseException:
            await self._tell(LET_GO, self._keys.refresh(worker_id), arguments=(token,))
            raise
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
        await self._tell(
            _HAND_OVER,
            self._keys.refresh(worker_id),
            self._keys.refresh_result(token),
            arguments=(token, msgspec.json.encode(result), round(KEPT_SECONDS * 1000)),
        )
        return result

    async def _renew(self, worker_id: WorkerId, token: str) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            milliseconds = round(LEASE_SECONDS * 1000)
            await self._tell(KEEP, self._keys.refresh(worker_id), arguments=(token, milliseconds))

    async def _tell(self, script: str, *keys: str, arguments: tuple[object, ...]) -> None:
        try:
            async with reached():
                await self._redis.eval(script, len(keys), *keys, *arguments)
        except CoordinationUnavailable as error:
            logger.info("refresh_not_shared", error=str(error))

    async def _result_of(self, worker_id: WorkerId, holder: str) -> RefreshResult | None:
        """None: its run ended without one that we can read."""
        while True:
            async with reached(within_seconds=ANSWER_SECONDS + WAIT_SECONDS):
                held = await self._redis.get(self._keys.refresh(worker_id))
                runs = held is not None and held.decode() == holder
                # The lease ends in the same step as the result appears: without a lease there is nothing to wait for.
                answer = await self._redis.xread(
                    {self._keys.refresh_result(holder): "0"},
                    count=1,
                    block=round(WAIT_SECONDS * 1000) if runs else None,
                )
            if answer:
                return _result_in(answer)
            if not runs:
                return None


def _result_in(answer: Any) -> RefreshResult | None:
    ((_, ((_, fields),)),) = answer
    try:
        return _decoder.decode(fields[b"data"])
    except msgspec.DecodeError as error:
        logger.info("refresh_result_not_understood", error=str(error))  # another version's
        return None
