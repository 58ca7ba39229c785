"""Signing in to the console and out of it."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response

from cmlfleet.api import schemas
from cmlfleet.api.answers import Application, SignedIn, answer
from cmlfleet.api.authentication import Authenticator, SignedInRoute, address_of, refusals_noted
from cmlfleet.api.browser import give_session, refuse_other_origins, session_id_of, take_session
from cmlfleet.api.problems import documented
from cmlfleet.application.commands.create_token_command import token_hash
from cmlfleet.application.commands.session_commands import CloseSessionCommand, OpenSessionCommand
from cmlfleet.application.queries import views
from cmlfleet.application.queries.get_me_query import GetMeQuery

router = APIRouter(prefix="/api/v1/session", tags=["session"])
signed_in_router = APIRouter(prefix="/api/v1/session", tags=["session"], route_class=SignedInRoute)


@router.post("", response_model=views.MeView, responses=documented())
async def sign_in(body: schemas.SignInBody, request: Request, mediator: Application) -> Response:
    """A session for the holder of an API token: a cookie that scripts cannot read, and who it is."""
    authenticator: Authenticator = request.app.state.authenticator
    async with refusals_noted(request):
        refuse_other_origins(request)
        holder = replace(await authenticator.holder_of_token(body.token), address=address_of(request))
    opened = await mediator.execute_async(OpenSessionCommand(token_hash=token_hash(body.token)), holder)
    response = answer(await mediator.execute_async(GetMeQuery(), holder))
    give_session(request, response, session_id=opened.session_id, ends_at=opened.ends_at)
    return response


@signed_in_router.delete("", status_code=204, response_class=Response, responses=documented())
async def sign_out(request: Request, mediator: Application, principal: SignedIn) -> Response:
    """The session ends at once; who came with a token has none to end."""
    await mediator.execute_async(CloseSessionCommand(session_id=session_id_of(request) or ""), principal)
    response = Response(status_code=204)
    take_session(request, response)
    return response
