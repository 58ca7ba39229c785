"""People who sign in with a password of our own."""

from fastapi import APIRouter, Response

from cmlfleet.api import schemas
from cmlfleet.api.answers import Application, SignedIn, answer
from cmlfleet.api.authentication import SignedInRoute
from cmlfleet.api.parameters import plain
from cmlfleet.api.problems import documented
from cmlfleet.application.commands.user_commands import CreateUserCommand, UpdateUserCommand
from cmlfleet.application.principal import Role
from cmlfleet.application.queries import views
from cmlfleet.application.queries.list_users_query import ListUsersQuery

router = APIRouter(prefix="/api/v1/users", tags=["users"], route_class=SignedInRoute)


@router.get("", response_model=schemas.UserList, responses=documented())
async def list_users(mediator: Application, principal: SignedIn) -> Response:
    """Every user."""
    found = await mediator.execute_async(ListUsersQuery(), principal)
    return answer({"items": found, "next_cursor": None, "total": len(found)})


@router.post("", response_model=views.UserView, status_code=201, responses=documented(429))
async def create_user(body: schemas.UserBody, mediator: Application, principal: SignedIn) -> Response:
    """Somebody new."""
    command = CreateUserCommand(
        name=body.name,
        role=Role(body.role),
        limit=None if body.limit is None else body.limit.team_limit(),
        password=body.password,
    )
    return answer(await mediator.execute_async(command, principal), status=201)


@router.patch("/{user_id}", response_model=views.UserView, responses=documented(404, 429))
async def update_user(
    user_id: str, body: schemas.UserChangeBody, mediator: Application, principal: SignedIn
) -> Response:
    """Role, limit, password, and whether they may sign in; disabling and a new password end every session."""
    command = UpdateUserCommand(
        user_id=plain(user_id),
        role=None if body.role is None else Role(body.role),
        limit=None if body.limit is None else body.limit.team_limit(),
        changes_limit="limit" in body.model_fields_set,
        disabled=body.disabled,
        password=body.password,
    )
    return answer(await mediator.execute_async(command, principal))
