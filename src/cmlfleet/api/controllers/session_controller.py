"""Signing in to the console and out of it."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response

from cmlfleet.api import schemas
from cmlfleet.api.answers import Application, SignedIn, answer
from cmlfleet.api.authentication import Authenticator, SignedInRoute, address_of, refusals_noted
from cmlfleet.api.browser import (
    device_of,
    give_device,
    give_session,
    refuse_other_origins,
    session_id_of,
    take_session,
)
from cmlfleet.api.problems import documented
from cmlfleet.application.commands.session_commands import (
    CloseSessionCommand,
    EndMySessionsCommand,
    OpenSessionCommand,
)
from cmlfleet.application.commands.sign_in_command import SignInCommand
from cmlfleet.application.commands.user_commands import ChangePasswordCommand, SetUpCommand
from cmlfleet.application.errors import InvalidRequest
from cmlfleet.application.mediator import Mediator
from cmlfleet.application.principal import ANYONE, Principal
from cmlfleet.application.queries import views
from cmlfleet.application.queries.get_me_query import GetMeQuery
from cmlfleet.application.queries.get_sign_in_options_query import GetSignInOptionsQuery

router = APIRouter(prefix="/api/v1/session", tags=["session"])
signed_in_router = APIRouter(prefix="/api/v1/session", tags=["session"], route_class=SignedInRoute)


@router.get("/options", response_model=schemas.SignInOptions, responses=documented())
async def sign_in_options(request: Request, mediator: Application) -> Response:
    """How one may sign in here."""
    return answer(await mediator.execute_async(GetSignInOptionsQuery(), _anyone(request)))


@router.post("", response_model=views.MeView, responses=documented(429))
async def sign_in(body: schemas.SignInBody, request: Request, mediator: Application) -> Response:
    """A session for the holder of an API token or a password: a cookie that scripts cannot read, and who it is."""
    authenticator: Authenticator = request.app.state.authenticator
    async with refusals_noted(request):
        refuse_other_origins(request)
    if body.token is not None and body.username is None and body.password is None:
        return await _with_token(body.token, request, mediator, authenticator)
    if body.token is None and body.username is not None and body.password is not None:
        return await _with_password(body.username, body.password, request, mediator, authenticator)
    raise InvalidRequest("give either a token, or username and password")


@router.post("/set-up", status_code=204, response_class=Response, responses=documented(429))
async def set_up(body: schemas.SetUpBody, request: Request, mediator: Application) -> Response:
    """The first admin, while there is no user; then sign in."""
    async with refusals_noted(request):
        refuse_other_origins(request)
    command = SetUpCommand(code=body.code, name=body.username, password=body.password)
    await mediator.execute_async(command, _anyone(request))
    return Response(status_code=204)


@signed_in_router.delete("", status_code=204, response_class=Response, responses=documented())
async def sign_out(request: Request, mediator: Application, principal: SignedIn) -> Response:
    """The session ends at once; who came with a token has none to end. `Location`, if given, signs out of the OpenID
    provider too."""
    command = CloseSessionCommand(session_id=session_id_of(request) or "")
    elsewhere = await mediator.execute_async(command, principal)
    response = _signed_out(request)
    if elsewhere is not None:
        response.headers["Location"] = elsewhere
    return response


@signed_in_router.delete("/everywhere", status_code=204, response_class=Response, responses=documented())
async def sign_out_everywhere(request: Request, mediator: Application, principal: SignedIn) -> Response:
    """Every session of whoever asks ends at once."""
    await mediator.execute_async(EndMySessionsCommand(), principal)
    return _signed_out(request)


@signed_in_router.put("/password", status_code=204, response_class=Response, responses=documented(429))
async def change_password(
    body: schemas.PasswordBody, request: Request, mediator: Application, principal: SignedIn
) -> Response:
    """One's own; one is signed out everywhere."""
    await mediator.execute_async(ChangePasswordCommand(present=body.present, new=body.new), principal)
    return _signed_out(request)


async def _with_token(token: str, request: Request, mediator: Mediator, authenticator: Authenticator) -> Response:
    async with refusals_noted(request):
        holder = replace(await authenticator.holder_of_token(token), address=address_of(request))
    opened = await mediator.execute_async(OpenSessionCommand(replaces=session_id_of(request)), holder)
    response = answer(await mediator.execute_async(GetMeQuery(), holder))
    give_session(request, response, session_id=opened.session_id, ends_at=opened.ends_at)
    return response


async def _with_password(
    username: str, password: str, request: Request, mediator: Mediator, authenticator: Authenticator
) -> Response:
    command = SignInCommand(
        username=username, password=password, device=device_of(request), replaces=session_id_of(request)
    )
    signed_in = await mediator.execute_async(command, _anyone(request))
    holder = await authenticator.holder_of_session(signed_in.session.session_id)
    response = answer(await mediator.execute_async(GetMeQuery(), holder))
    give_session(request, response, session_id=signed_in.session.session_id, ends_at=signed_in.session.ends_at)
    give_device(request, response, signed_in.device)
    return response


def _signed_out(request: Request) -> Response:
    response = Response(status_code=204)
    take_session(request, response)
    return response


def _anyone(request: Request) -> Principal:
    return replace(ANYONE, address=address_of(request))
