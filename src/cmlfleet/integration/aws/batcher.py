"""Many callers' questions of the same moment become one call."""

import asyncio
import contextlib
import contextvars
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from opentelemetry import trace
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext

from cmlfleet.integration.aws.instruments import count_batch, tracer

K = TypeVar("K", bound=Hashable)
I = TypeVar("I", bound=Hashable)  # noqa: E741 - item
R = TypeVar("R")

_IN_FLIGHT = 4  # batches of one key: while as many are under way, who comes gathers in the next instead of queueing
_MOST_LINKS = 128  # what OpenTelemetry keeps of a span's links


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchWindow:
    """How long a batch waits for more, in seconds: until nobody has come for `idle`, at most `longest`.

    While the event loop is so busy that timers come late, callers that belong together take longer to arrive and no
    answer could be used earlier anyway: then until `busy`.
    """

    idle_seconds: float = 0.010
    longest_seconds: float = 0.050
    busy_seconds: float = 0.250


_LATE_SECONDS = 0.005  # a timer that comes this much too late says that the event loop is busy


class BatchFailedError(Exception):
    """The batch's executor raised, which it must not; the cause is in `__cause__`."""


@dataclass(slots=True)
class _Batch(Generic[I, R]):
    waiters: dict[I, list["asyncio.Future[R]"]]
    opened_at: float
    last_at: float
    parents: list[SpanContext]
    timer: asyncio.TimerHandle | None = None
    is_due: bool = False


class Batcher(Generic[K, I, R]):
    """Gathers items by key and gives them to `execute`, which answers for each of them.

    Each caller gets the answer for its own item; the same item asked twice is asked once. A caller that gives up
    changes nothing for the others. When `execute` is slow, or held back by its budget, batches grow instead of
    queueing. Calls of `execute` are children of the first caller's span, linked to the others'.
    """

    def __init__(
        self,
        *,
        name: str,
        execute: Callable[[K, Sequence[I]], Awaitable[Mapping[I, R]]],
        largest: int,
        window: BatchWindow | None = None,
    ) -> None:
        self._name = name
        self._execute = execute
        self._largest = largest
        self._window = window or BatchWindow()
        self._open = dict[K, _Batch[I, R]]()
        self._full = defaultdict[K, deque[_Batch[I, R]]](deque)
        self._in_flight = Counter[K]()
        self._running = set[asyncio.Task[None]]()

    async def submit(self, key: K, item: I) -> R:
        """The answer for the item. Raises `BatchFailedError` when the executor broke."""
        loop = asyncio.get_running_loop()
        batch = self._open.get(key)
        if batch is None:
            batch = self._begin(key, loop)
        future = loop.create_future()
        batch.waiters.setdefault(item, []).append(future)
        batch.last_at = loop.time()
        self._remember_parent(batch)
        if len(batch.waiters) >= self._largest:
            self._close_batch(key, batch)
            self._full[key].append(batch)
            self._send_what_may_go(key)
        return await future

    async def close(self) -> None:
        """Cancel what is under way and what waits."""
        waiting = [*self._open.items(), *((key, batch) for key, full in self._full.items() for batch in full)]
        self._full.clear()
        for key, batch in waiting:
            self._close_batch(key, batch)
            for future in _futures(batch):
                future.cancel()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _begin(self, key: K, loop: asyncio.AbstractEventLoop) -> _Batch[I, R]:
        now = loop.time()
        batch = self._open[key] = _Batch[I, R](waiters={}, opened_at=now, last_at=now, parents=[])
        self._look_at(key, batch, now + self._window.idle_seconds)
        return batch

    def _look_at(self, key: K, batch: _Batch[I, R], due_at: float) -> None:
        loop = asyncio.get_running_loop()
        batch.timer = loop.call_at(due_at, self._look, key, batch, due_at, context=contextvars.Context())

    def _look(self, key: K, batch: _Batch[I, R], due_at: float) -> None:
        now = asyncio.get_running_loop().time()
        window = self._window
        longest = window.busy_seconds if now - due_at > _LATE_SECONDS else window.longest_seconds
        if now - batch.last_at >= window.idle_seconds or now - batch.opened_at >= longest:
            batch.is_due = True
            self._send_what_may_go(key)
            return
        next_look = min(batch.last_at + window.idle_seconds, batch.opened_at + longest)
        self._look_at(key, batch, next_look)

    def _close_batch(self, key: K, batch: _Batch[I, R]) -> None:
        """Nobody joins it any more."""
        if self._open.get(key) is batch:
            del self._open[key]
        if batch.timer is not None:
            batch.timer.cancel()

    def _send_what_may_go(self, key: K) -> None:
        while self._in_flight[key] < _IN_FLIGHT:
            batch = self._full[key].popleft() if self._full[key] else self._open.get(key)
            if batch is None or not (batch.is_due or len(batch.waiters) >= self._largest):
                return
            self._close_batch(key, batch)
            self._send(key, batch)

    def _send(self, key: K, batch: _Batch[I, R]) -> None:
        self._in_flight[key] += 1
        loop = asyncio.get_running_loop()
        count_batch(batch=self._name, size=len(batch.waiters), window_seconds=loop.time() - batch.opened_at)
        task = loop.create_task(self._run(key, batch), context=contextvars.Context())
        self._running.add(task)
        task.add_done_callback(lambda done: self._ended(key, done))

    def _ended(self, key: K, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._in_flight[key] -= 1
        if not task.cancelled():
            self._send_what_may_go(key)

    async def _run(self, key: K, batch: _Batch[I, R]) -> None:
        wanted = [item for item, futures in batch.waiters.items() if not all(map(_is_done, futures))]
        if not wanted:
            return
        try:
            with self._span(batch):
                answers = await self._execute(key, wanted)
            for item in wanted:
                _resolve(batch.waiters[item], answers[item])
        except Exception as error:
            for future in _futures(batch):
                if not future.done():
                    failure = BatchFailedError(f"{self._name}: {type(error).__name__}")
                    failure.__cause__ = error
                    future.set_exception(failure)
        finally:
            for future in _futures(batch):
                future.cancel()

    def _remember_parent(self, batch: _Batch[I, R]) -> None:
        span = trace.get_current_span()
        if span.is_recording() and len(batch.parents) < _MOST_LINKS:
            batch.parents.append(span.get_span_context())

    @contextlib.contextmanager
    def _span(self, batch: _Batch[I, R]) -> Generator[None]:
        if not batch.parents:
            yield
            return
        first, *others = batch.parents
        with (
            trace.use_span(NonRecordingSpan(first)),
            tracer.start_as_current_span(
                f"AWS batch {self._name}",
                links=[Link(context) for context in others],
                attributes={"cmlfleet.batch.size": len(batch.waiters)},
            ),
        ):
            yield


def _futures(batch: _Batch[I, R]) -> list["asyncio.Future[R]"]:
    return [future for futures in batch.waiters.values() for future in futures]


def _is_done(future: "asyncio.Future[R]") -> bool:
    return future.done()


def _resolve(futures: Sequence["asyncio.Future[R]"], answer: R) -> None:
    for future in futures:
        if not future.done():
            future.set_result(answer)
