"""The event stream."""

from fastapi import APIRouter, Request
from sse_starlette import EventSourceResponse

from cmlfleet.api.answers import Application, SignedIn
from cmlfleet.api.authentication import SignedInRoute, sender_of
from cmlfleet.api.problems import NotSignedIn, documented
from cmlfleet.api.stream_permission import while_allowed
from cmlfleet.application.queries.follow_changes_query import FollowChangesQuery

router = APIRouter(prefix="/api/v1", tags=["stream"], route_class=SignedInRoute)

HEARTBEAT_SECONDS = 15
CHECK_SECONDS = 10.0  # for so long a stream outlives a revoked token, an ended session or a changed role


@router.get(
    "/stream",
    response_class=EventSourceResponse,
    responses={**documented(), 200: {"description": "Server-Sent Events", "content": {"text/event-stream": {}}}},
)
async def stream(request: Request, mediator: Application, principal: SignedIn) -> EventSourceResponse:
    """`worker.updated`, `worker.removed`, `fleet.updated`, `operation.updated`, and `reset` (read all again)."""
    query = FollowChangesQuery(request.headers.get("last-event-id"))
    changes = await mediator.execute_async(query, principal)

    async def is_still_signed_in() -> bool:
        try:
            return await sender_of(request) == principal
        except NotSignedIn:
            return False

    return EventSourceResponse(
        while_allowed(changes, is_still_signed_in, check_seconds=CHECK_SECONDS), ping=HEARTBEAT_SECONDS
    )
