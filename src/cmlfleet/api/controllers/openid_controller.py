"""Signing in by OpenID Connect: off to the provider, and back."""

from dataclasses import replace

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from cmlfleet.api.answers import Application
from cmlfleet.api.authentication import address_of
from cmlfleet.api.browser import (
    OPENID_COOKIE,
    device_of,
    give_device,
    give_openid,
    give_session,
    session_id_of,
    take_openid,
)
from cmlfleet.api.page_route import PageRoute
from cmlfleet.api.parameters import plain
from cmlfleet.api.problems import documented
from cmlfleet.application.commands.openid_commands import BeginOpenIDCommand, FinishOpenIDCommand
from cmlfleet.application.errors import NotVouchedFor
from cmlfleet.application.principal import ANYONE, Principal

router = APIRouter(prefix="/api/v1/session/openid", tags=["session"], route_class=PageRoute)

_NOT_TAKEN = "it does not take what cmlfleet asks of it: whoever set it up has to look"
_REFUSALS = {
    "access_denied": "you gave up there, or it does not let you use cmlfleet",
    "login_required": "nobody is signed in there",
    "interaction_required": "it wants to ask you something first",
    "consent_required": "you did not agree there",
    "server_error": "it has a fault of its own",
    "temporarily_unavailable": "it is busy: try again in a minute",
    "invalid_request": _NOT_TAKEN,
    "invalid_scope": _NOT_TAKEN,
    "unauthorized_client": _NOT_TAKEN,
    "unsupported_response_type": _NOT_TAKEN,
}
"""OAuth's and OpenID Connect's codes. Anybody can make up a link with another one: it is not repeated."""


@router.get(
    "",
    response_class=RedirectResponse,
    status_code=303,
    responses={**documented(429), 303: {"description": "to the OpenID provider"}},
)
async def sign_in_with_openid(request: Request, mediator: Application) -> Response:
    """To the provider, to sign in there."""
    command = BeginOpenIDCommand(
        redirect_uri=str(request.url_for("signed_in_with_openid")), device=device_of(request)
    )
    begun = await mediator.execute_async(command, _anyone(request))
    response = RedirectResponse(begun.url, status_code=303)
    give_openid(request, response, begun.browser)
    return response


@router.get(
    "/callback",
    response_class=RedirectResponse,
    status_code=303,
    responses={**documented(429), 303: {"description": "to the console, signed in"}},
)
async def signed_in_with_openid(
    request: Request,
    mediator: Application,
    code: str | None = Query(None),
    state: str | None = Query(None),
    error: str | None = Query(None),
) -> Response:
    """Back from the provider."""
    if code is None or state is None:
        raise NotVouchedFor(f"the provider did not sign you in: {_REFUSALS.get(error or '', 'it does not say why')}")
    command = FinishOpenIDCommand(
        code=plain(code),
        state=plain(state),
        browser=request.cookies.get(OPENID_COOKIE),
        replaces=session_id_of(request),
    )
    signed_in = await mediator.execute_async(command, _anyone(request))
    response = RedirectResponse("/", status_code=303)
    give_session(request, response, session_id=signed_in.session.session_id, ends_at=signed_in.session.ends_at)
    give_device(request, response, signed_in.device)
    take_openid(request, response)
    return response


def _anyone(request: Request) -> Principal:
    return replace(ANYONE, address=address_of(request))
