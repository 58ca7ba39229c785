"""The audit trail: who did, or tried, what."""

from collections.abc import AsyncIterator
from datetime import datetime

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.datastructures import QueryParams

from cmlfleet.api import schemas
from cmlfleet.api.answers import Application, SignedIn, answer
from cmlfleet.api.authentication import SignedInRoute
from cmlfleet.api.parameters import aware, only, page_size, text_of, values
from cmlfleet.api.problems import documented
from cmlfleet.application.ports.audit import AuditCriteria, AuditEntry
from cmlfleet.application.queries.audit_queries import ExportAuditQuery, ListAuditQuery

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], route_class=SignedInRoute)

JSON_LINES = "application/jsonl"
_CRITERIA = ("actor", "action", "worker_id", "result", "from", "to")


@router.get("", response_model=schemas.AuditList, responses=documented())
async def list_audit(
    request: Request,
    mediator: Application,
    principal: SignedIn,
    actor: str | None = Query(None),
    action: str | None = Query(None, description="the name of a command or query"),
    worker_id: str | None = Query(None),
    result: str | None = Query(None, description="done, refused or failed"),
    start: datetime | None = Query(None, alias="from"),
    end: datetime | None = Query(None, alias="to"),
    limit: int = Query(100, ge=1, le=1000),
    cursor: str | None = Query(None),
) -> Response:
    """Every change and every refused attempt, newest first."""
    only(request.query_params, (*_CRITERIA, "limit", "cursor"))
    criteria = _criteria(request.query_params, start, end)
    return answer(await mediator.execute_async(ListAuditQuery(criteria), principal))


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={**documented(), 200: {"description": "a JSON object a line", "content": {JSON_LINES: {}}}},
)
async def export_audit(
    request: Request,
    mediator: Application,
    principal: SignedIn,
    actor: str | None = Query(None),
    action: str | None = Query(None),
    worker_id: str | None = Query(None),
    result: str | None = Query(None),
    start: datetime | None = Query(None, alias="from"),
    end: datetime | None = Query(None, alias="to"),
) -> Response:
    """All that match, as JSON lines, newest first."""
    only(request.query_params, _CRITERIA)
    query = ExportAuditQuery(_criteria(request.query_params, start, end))
    return StreamingResponse(_lines(await mediator.execute_async(query, principal)), media_type=JSON_LINES)


def _criteria(parameters: QueryParams, start: datetime | None, end: datetime | None) -> AuditCriteria:
    return AuditCriteria(
        actor=text_of(parameters, "actor"),
        actions=values(parameters, "action"),
        worker_id=text_of(parameters, "worker_id"),
        results=values(parameters, "result"),
        since=aware(start),
        until=aware(end),
        limit=page_size(parameters),
        cursor=text_of(parameters, "cursor"),
    )


async def _lines(entries: AsyncIterator[AuditEntry]) -> AsyncIterator[bytes]:
    async for entry in entries:
        yield msgspec.json.encode(entry) + b"\n"
