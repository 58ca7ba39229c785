"""The fleet as a whole: its sum, its labs, its events, its long work."""

from datetime import datetime

from fastapi import APIRouter, Query, Request, Response

from cmlfleet.api import schemas
from cmlfleet.api.answers import Application, SignedIn, answer
from cmlfleet.api.authentication import SignedInRoute
from cmlfleet.api.parameters import event_criteria, only, page_size, plain, text_of, values
from cmlfleet.api.problems import documented
from cmlfleet.application.queries import views
from cmlfleet.application.queries.get_fleet_query import GetFleetQuery
from cmlfleet.application.queries.list_events_query import ListEventsQuery
from cmlfleet.application.queries.list_labs_query import ListLabsQuery
from cmlfleet.application.queries.operations_queries import GetOperationQuery, ListOperationsQuery

router = APIRouter(prefix="/api/v1", tags=["fleet"], route_class=SignedInRoute)


@router.get("/fleet", response_model=views.FleetView, responses=documented())
async def get_fleet(mediator: Application, principal: SignedIn) -> Response:
    """Counts, cost, regions, and what needs a person."""
    return answer(await mediator.execute_async(GetFleetQuery(), principal))


@router.get("/labs", response_model=schemas.LabList, responses=documented())
async def list_labs(
    request: Request,
    mediator: Application,
    principal: SignedIn,
    q: str | None = Query(None),
    state: str | None = Query(None),
    limit: int = Query(100, ge=1, le=1000),
    cursor: str | None = Query(None),
) -> Response:
    """Labs of the whole fleet."""
    parameters = request.query_params
    only(parameters, ("q", "state", "limit", "cursor"))
    query = ListLabsQuery(
        q=text_of(parameters, "q"),
        state=values(parameters, "state"),
        limit=page_size(parameters),
        cursor=text_of(parameters, "cursor"),
    )
    return answer(await mediator.execute_async(query, principal))


@router.get("/events", response_model=schemas.EventList, responses=documented())
async def list_events(
    request: Request,
    mediator: Application,
    principal: SignedIn,
    worker_id: str | None = Query(None),
    event_type: str | None = Query(None, alias="type", description="a domain event's name; several with commas"),
    actor: str | None = Query(None),
    start: datetime | None = Query(None, alias="from"),
    end: datetime | None = Query(None, alias="to"),
    limit: int = Query(100, ge=1, le=1000),
    cursor: str | None = Query(None),
) -> Response:
    """Domain events of all workers, newest first, those of forgotten workers too."""
    parameters = request.query_params
    only(parameters, ("worker_id", "type", "actor", "from", "to", "limit", "cursor"))
    of_worker = text_of(parameters, "worker_id")
    criteria = event_criteria(parameters, worker_id=of_worker, start=start, end=end)
    return answer(await mediator.execute_async(ListEventsQuery(criteria), principal))


@router.get("/operations", response_model=schemas.OperationList, responses=documented())
async def list_operations(
    request: Request, mediator: Application, principal: SignedIn, limit: int = Query(100, ge=1, le=1000)
) -> Response:
    """Long work that runs and ran, newest first."""
    only(request.query_params, ("limit",))
    found = await mediator.execute_async(ListOperationsQuery(page_size(request.query_params)), principal)
    return answer({"items": found, "next_cursor": None, "total": len(found)})


@router.get("/operations/{operation_id}", response_model=schemas.OperationBody, responses=documented(404))
async def get_operation(operation_id: str, mediator: Application, principal: SignedIn) -> Response:
    """Progress and result of one."""
    return answer(await mediator.execute_async(GetOperationQuery(plain(operation_id)), principal))
