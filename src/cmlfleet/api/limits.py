"""What is refused before it is read."""

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from cmlfleet.api.problems import problem

LARGEST_BODY_BYTES = 1 << 20


class BodyLimit:
    """A body has at most a mebibyte, and says how many bytes it has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 413 in place of the application."""
        if scope["type"] == "http":
            request = Request(scope)
            length = request.headers.get("content-length", "0")
            is_said = length.isascii() and length.isdigit() and "transfer-encoding" not in request.headers
            if not is_said or int(length) > LARGEST_BODY_BYTES:
                detail = f"a body has at most {LARGEST_BODY_BYTES} bytes, and says how many it has"
                await problem(request, 413, detail)(scope, receive, send)
                return
        await self._app(scope, receive, send)
