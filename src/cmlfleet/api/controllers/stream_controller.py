"""The event stream."""

from fastapi import APIRouter, Request
from sse_starlette import EventSourceResponse

from cmlfleet.api.answers import Application, SignedIn
from cmlfleet.api.authentication import SignedInRoute
from cmlfleet.api.problems import documented
from cmlfleet.application.queries.follow_changes_query import FollowChangesQuery

router = APIRouter(prefix="/api/v1", tags=["stream"], route_class=SignedInRoute)

HEARTBEAT_SECONDS = 15


@router.get(
    "/stream",
    response_class=EventSourceResponse,
    responses={**documented(), 200: {"description": "Server-Sent Events", "content": {"text/event-stream": {}}}},
)
async def stream(request: Request, mediator: Application, principal: SignedIn) -> EventSourceResponse:
    """`worker.updated`, `worker.removed`, `fleet.updated`, `operation.updated`, and `reset` (read all again)."""
    query = FollowChangesQuery(request.headers.get("last-event-id"))
    return EventSourceResponse(await mediator.execute_async(query, principal), ping=HEARTBEAT_SECONDS)
