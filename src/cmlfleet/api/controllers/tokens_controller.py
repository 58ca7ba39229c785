"""API tokens."""

from fastapi import APIRouter, Response

from cmlfleet.api import schemas
from cmlfleet.api.answers import Application, SignedIn, answer
from cmlfleet.api.authentication import SignedInRoute
from cmlfleet.api.parameters import plain
from cmlfleet.api.problems import documented
from cmlfleet.application.commands.create_token_command import CreateTokenCommand, RevokeTokenCommand
from cmlfleet.application.principal import Role
from cmlfleet.application.queries.list_tokens_query import ListTokensQuery

router = APIRouter(prefix="/api/v1/tokens", tags=["tokens"], route_class=SignedInRoute)


@router.get("", response_model=schemas.TokenList, responses=documented())
async def list_tokens(mediator: Application, principal: SignedIn) -> Response:
    """Every token, without its text."""
    found = await mediator.execute_async(ListTokensQuery(), principal)
    return answer({"items": found, "next_cursor": None, "total": len(found)})


@router.post("", response_model=schemas.NewToken, status_code=201, responses=documented(409))
async def create_token(body: schemas.TokenBody, mediator: Application, principal: SignedIn) -> Response:
    """A new token; its text is shown this once."""
    expires_at = body.expires_at.astimezone() if body.expires_at is not None else None
    limit = body.limit.team_limit() if body.limit is not None else None
    command = CreateTokenCommand(name=body.name, role=Role(body.role), limit=limit, expires_at=expires_at)
    return answer(await mediator.execute_async(command, principal), status=201)


@router.delete("/{token_id}", status_code=204, response_class=Response, responses=documented(404))
async def revoke_token(token_id: str, mediator: Application, principal: SignedIn) -> Response:
    """The token stops working at once."""
    await mediator.execute_async(RevokeTokenCommand(token_id=plain(token_id)), principal)
    return Response(status_code=204)
