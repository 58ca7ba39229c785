"""What a request is answered that the end of the service cuts short."""

import asyncio

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cmlfleet.api.problems import problem

RETRY_AFTER_SECONDS = 5  # by then the next process answers


class CutShort:
    """The server cancels what is not answered within its time to stop: its client is told so, and no fault logged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 503 where no answer has begun."""
        has_begun = False

        async def noting_send(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        except asyncio.CancelledError:
            if has_begun or scope["type"] != "http":
                raise
            answer = problem(
                Request(scope),
                503,
                "the service stops; ask again",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
            await answer(scope, receive, send)
