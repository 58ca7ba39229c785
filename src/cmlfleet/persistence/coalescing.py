"""Requests of one moment go to the database together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Coalesced(Generic[Q, A]):
    """While one group is at the database the next one gathers; an idle database is asked at once.

    A caller that gives up does not cancel the group for the others.
    """

    def __init__(
        self, execute: "Callable[[Sequence[Q]], Awaitable[Sequence[A | BaseException]]]", *, at_most: int
    ) -> None:
        self._execute = execute
        self._at_most = at_most
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def ask(self, request: Q) -> A:
        """The request's own answer, or its own exception."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.ensure_future(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever asks in this same turn of the loop comes along
            group, self._waiting = self._waiting[: self._at_most], self._waiting[self._at_most :]
            try:
                answers = await self._execute([request for request, _ in group])
            except BaseException as error:
                self._fail(group, error)
                if not isinstance(error, Exception):
                    raise
                continue
            for (_, future), answer in zip(group, answers, strict=True):
                if future.done():
                    continue
                if isinstance(answer, BaseException):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)

    def _fail(self, group: "list[tuple[Q, asyncio.Future[A]]]", error: BaseException) -> None:
        for _, future in group:
            if not future.done():
                future.set_exception(error)
