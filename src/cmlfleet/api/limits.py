"""What is refused before it is read, and what every answer says to a browser."""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response

from cmlfleet.api.problems import problem

LARGEST_BODY_BYTES = 1 << 20
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'"


async def guard(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
    """Bound the body, name its type, and set the headers that a browser honours."""
    length = request.headers.get("content-length", "0")
    if (
        not length.isdigit()
        or int(length) > LARGEST_BODY_BYTES
        or "chunked" in request.headers.get("transfer-encoding", "")
    ):
        return problem(request, 413, f"a body has at most {LARGEST_BODY_BYTES} bytes, and says how many it has")
    response = await proceed(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    return response
