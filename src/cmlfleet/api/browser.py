"""What is special about requests that a browser sends: a cookie that comes along unasked, and pages of others."""

from datetime import datetime
from urllib.parse import quote, urlsplit

from fastapi import Request, Response

from cmlfleet.api.problems import CrossSiteRequest

SESSION_COOKIE = "cmlfleet_session"
DEVICE_COOKIE = "cmlfleet_device"
DEVICE_SECONDS = 90 * 86_400
OPENID_COOKIE = "cmlfleet_openid"
OPENID_SECONDS = 600
REFUSAL_COOKIE = "cmlfleet_refused"
REFUSAL_SECONDS = 60  # the page that is on its way takes it
_OPENID_PATH = "/api/v1/session/openid"
CONSOLE_HEADER = "X-Requested-With"  # a page of another site cannot send it without our leave, which nobody gets
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def session_id_of(request: Request) -> str | None:
    """What the browser holds."""
    return request.cookies.get(SESSION_COOKIE) or None


def device_of(request: Request) -> str | None:
    """What an earlier sign-in gave this browser."""
    return request.cookies.get(DEVICE_COOKIE) or None


def give_device(request: Request, response: Response, device: str) -> None:
    """Kept when the session ends: it opens nothing, and only says that somebody signed in here before."""
    response.set_cookie(
        DEVICE_COOKIE,
        device,
        max_age=DEVICE_SECONDS,
        path="/api/v1/session",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def give_openid(request: Request, response: Response, browser: str) -> None:
    """Comes back from the provider's site, as a cookie for our own site alone would not."""
    response.set_cookie(
        OPENID_COOKIE,
        browser,
        max_age=OPENID_SECONDS,
        path=_OPENID_PATH,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def take_openid(request: Request, response: Response) -> None:
    """Its sign-in is over."""
    secure = request.url.scheme == "https"
    response.delete_cookie(OPENID_COOKIE, path=_OPENID_PATH, httponly=True, samesite="lax", secure=secure)


def give_refusal(request: Request, response: Response, *, words: str) -> None:
    """For the console's sign-in page, whose script reads it: an address could be made up by anybody."""
    response.set_cookie(
        REFUSAL_COOKIE,
        quote(words),
        max_age=REFUSAL_SECONDS,
        path="/",
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def give_session(request: Request, response: Response, *, session_id: str, ends_at: datetime) -> None:
    """Out of the reach of scripts and of other sites; over TLS alone once it was given over TLS."""
    secure = request.url.scheme == "https"
    response.set_cookie(
        SESSION_COOKIE, session_id, expires=ends_at, path="/", httponly=True, samesite="strict", secure=secure
    )


def take_session(request: Request, response: Response) -> None:
    """The browser forgets it."""
    secure = request.url.scheme == "https"
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict", secure=secure)


def refuse_cross_site(request: Request) -> None:
    """For requests that a cookie signed: who changes something must be our own page. Raises CrossSiteRequest."""
    if request.method in _READING:
        return
    if CONSOLE_HEADER not in request.headers:
        raise CrossSiteRequest(f"with a session, changes need the header {CONSOLE_HEADER}")
    refuse_other_origins(request)


def refuse_other_origins(request: Request) -> None:
    """As Go's net/http.CrossOriginProtection: the browser's own word, else Origin against Host.

    Raises CrossSiteRequest.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        ours = site in ("same-origin", "none")
    else:
        ours = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not ours:
        raise CrossSiteRequest("this came from a page of another site")
