"""Routes that a person's browser is sent to, by a link or by another site."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from cmlfleet.api.browser import give_refusal
from cmlfleet.application.errors import ApplicationError
from cmlfleet.application.ports.storage import StorageUnavailable


class PageRoute(APIRoute):
    """What it refuses is told on the console's sign-in page; who does not ask for a page gets the problem."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Raises what the route raises, for who does not ask for a page."""
        handle = super().get_route_handler()

        async def handle_for_a_person(request: Request) -> Response:
            try:
                return await handle(request)
            except (ApplicationError, StorageUnavailable) as refusal:
                if "text/html" not in request.headers.get("accept", ""):
                    raise
                response = RedirectResponse("/", status_code=303)
                give_refusal(request, response, words=str(refusal))
                return response

        return handle_for_a_person
