"""Taking groups from the queue: taskiq's receiver on a Redis stream, in our own event loop."""

# pyright: reportUnknownMemberType=false
# redis-py leaves types of keyword arguments open.

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import structlog
from redis.exceptions import RedisError
from taskiq import AckableMessage, Context, TaskiqDepends
from taskiq.acks import AcknowledgeType
from taskiq.receiver import Receiver
from taskiq_redis import RedisStreamBroker

from cmlfleet.application.ports.cluster import CoordinationUnavailable
from cmlfleet.application.ports.group_queue import GroupFire
from cmlfleet.messaging.group_messages import HEARTBEAT, REFRESH_GROUP, UnknownVersion, decode
from cmlfleet.messaging.group_runs import KEEP_EVERY_SECONDS, SILENT_SECONDS, GroupRuns, Verdict
from cmlfleet.messaging.keys import CONSUMERS, Keys
from cmlfleet.messaging.redis_link import RedisLink, limits, reached

AT_ONCE = 16  # groups; a group lasts as long as its slowest controller, and most of that is waiting
CLOSE_SECONDS = 10.0  # what runs may finish within this
RETRY_SECONDS = 0.5
_READ_SECONDS = 1.0  # that one read waits for a message: well within the time limit of an answer

_HAND_BACK = """
for _, entry in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000, ARGV[2])) do
  redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, entry[1], 'IDLE', ARGV[3], 'JUSTID')
end
"""

logger = structlog.get_logger(__name__)

StillWanted = Callable[[], Awaitable[bool]]
RunGroup = Callable[[GroupFire, StillWanted], Awaitable[None]]
"""Refreshes the group; what has to wait meanwhile asks now and then whether it is still wanted."""


class GroupReceiver:
    """Takes a group, runs it, and acknowledges it. What is not acknowledged and not heard of is delivered again.

    taskiq acknowledges what it cannot parse; what it can parse and we cannot is left alone, for a process that can.
    """

    def __init__(self, link: RedisLink, keys: Keys, *, process_id: str, run: RunGroup) -> None:
        self._link = link
        self._keys = keys
        self._process_id = process_id
        self._run = run
        self._runs = GroupRuns(link, keys, process_id=process_id)
        self._broker = _Broker(
            link.url,
            queue_name=keys.queue,
            consumer_group_name=CONSUMERS,
            consumer_name=process_id,
            consumer_id="0",  # what was fired before the first receiver came is for it
            xread_block=round(_READ_SECONDS * 1000),
            xread_count=1,  # nobody hoards: each message goes to a process that has room for it now
            unacknowledged_batch_size=AT_ONCE,
            unacknowledged_lock_timeout=SILENT_SECONDS,
            idle_timeout=round(SILENT_SECONDS * 1000),
            **limits(),
        )
        self._broker.is_worker_process = True
        self._broker.register_task(_refresh_group(self._received), task_name=REFRESH_GROUP)
        self._broker.register_task(_acknowledge, task_name=HEARTBEAT)
        self._receiver = _Receiver(
            self._broker,
            max_async_tasks=AT_ONCE,
            ack_type=AcknowledgeType.MANUAL,
            wait_tasks_timeout=CLOSE_SECONDS,
        )
        self._finish = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Take groups from now on."""
        self._tasks = [asyncio.ensure_future(self._listen()), asyncio.ensure_future(self._keep())]

    @property
    def running(self) -> int:
        """Messages that are being worked on."""
        return len(self._receiver.under_way)

    async def close(self) -> None:
        """Take no more, let what runs finish within ten seconds, and hand back the rest at once."""
        if not self._tasks:
            return
        listening, keeping = self._tasks
        self._finish.set()
        while not listening.done():
            await asyncio.wait({listening}, timeout=2 * _READ_SECONDS)
            if self._receiver.is_reading:  # Python 3.11 swallows a cancellation now and then: see `RedisLink`
                await self._broker.connection_pool.disconnect()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        late = tuple(self._receiver.under_way.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        silent_for = round(SILENT_SECONDS * 1000) * 2
        with contextlib.suppress(CoordinationUnavailable):
            async with reached():
                await self._link.client.eval(_HAND_BACK, 1, self._keys.queue, CONSUMERS, self._process_id, silent_for)
        await self._broker.shutdown()

    async def _listen(self) -> None:
        is_told = False
        while not self._finish.is_set():
            try:
                await self._receiver.listen(self._finish)
            except Exception as error:  # Redis is away, or has lost the stream: both heal
                if not is_told and not self._finish.is_set():
                    logger.warning("queue_not_read", error=str(_innermost(error)))
                is_told = True
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RETRY_SECONDS):
                        await self._finish.wait()
            else:
                is_told = False

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY_SECONDS)
            with contextlib.suppress(CoordinationUnavailable):
                await self._runs.keep()
                messages = tuple(self._receiver.under_way)
                if messages:
                    async with reached():
                        await self._link.client.xclaim(
                            self._keys.queue, CONSUMERS, self._process_id, 0, messages, justid=True
                        )

    async def _received(self, body: dict[str, Any], context: Context) -> None:
        try:
            fire = decode(body)
        except UnknownVersion as error:
            logger.info("message_left_alone", task_id=context.message.task_id, reason=str(error))
            return
        verdict = await self._begin(fire)
        if verdict is Verdict.DELIVERED_TWICE:
            return
        if verdict is Verdict.BEGIN:
            try:
                await self._run(fire, lambda: self._is_wanted(fire))
            except asyncio.CancelledError:
                if not self._finish.is_set():
                    raise
                logger.info("group_handed_back", group_id=fire.group_id)
                return  # by `close`, which makes the message claimable; to taskiq a cancellation is a failure to log
            except Exception:
                logger.exception("group_broke", group_id=fire.group_id)  # the next fire does the same work
            finally:
                with contextlib.suppress(CoordinationUnavailable):
                    await self._runs.end(fire)
        else:
            logger.info("group_not_run", group_id=fire.group_id, slot=fire.slot.isoformat(), reason=verdict.value)
        await _acknowledge(context)

    async def _begin(self, fire: GroupFire) -> Verdict:
        try:
            return await self._runs.begin(fire)
        except CoordinationUnavailable:
            return Verdict.BEGIN  # twice is better than not at all

    async def _is_wanted(self, fire: GroupFire) -> bool:
        try:
            return not await self._runs.is_superseded(fire)
        except CoordinationUnavailable:
            return True


def _refresh_group(received: Callable[[dict[str, Any], Context], Awaitable[None]]) -> Any:
    async def refresh_group(body: dict[str, Any], context: Annotated[Context, TaskiqDepends()]) -> None:
        await received(body, context)

    return refresh_group


async def _acknowledge(context: Annotated[Context, TaskiqDepends()]) -> None:
    with contextlib.suppress(RedisError, OSError):  # it is delivered again, and found to be superseded or run again
        await context.ack()


def _innermost(error: Any) -> BaseException:
    return _innermost(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


class _Acknowledgement:
    """Of one message, which it names."""

    def __init__(self, message_id: Any, acknowledge: Callable[[], Awaitable[None]]) -> None:
        self.message_id = message_id
        self._acknowledge = acknowledge

    async def __call__(self) -> None:
        await self._acknowledge()


class _Broker(RedisStreamBroker):
    """Tells which message an acknowledgement belongs to."""

    def _ack_generator(self, id: str, queue_name: str) -> Any:
        return _Acknowledgement(id, super()._ack_generator(id=id, queue_name=queue_name))


class _Receiver(Receiver):
    """Knows the messages that are being worked on, so that somebody can say that they are."""

    def __init__(self, broker: _Broker, **options: Any) -> None:
        super().__init__(broker, **options)
        self.under_way: dict[Any, asyncio.Task[Any]] = {}
        self.is_reading = False

    async def prefetcher(self, queue: Any, finish_event: asyncio.Event) -> None:
        self.is_reading = True
        try:
            await super().prefetcher(queue, finish_event)
        finally:
            self.is_reading = False

    async def callback(self, message: "bytes | AckableMessage", raise_err: bool = False) -> None:
        acknowledgement, task = getattr(message, "ack", None), asyncio.current_task()
        if not isinstance(acknowledgement, _Acknowledgement) or task is None:
            raise TypeError("only messages of our own broker are received")
        self.under_way[acknowledgement.message_id] = task
        try:
            await super().callback(message, raise_err)
        finally:
            del self.under_way[acknowledgement.message_id]
