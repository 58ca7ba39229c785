"""The service itself: alive, ready, its metrics, who is asking."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from cmlfleet import __version__
from cmlfleet.api import schemas
from cmlfleet.api.answers import Application, SignedIn, answer
from cmlfleet.api.authentication import SignedInRoute, sender_of, signed_in
from cmlfleet.api.problems import NotSignedIn, documented
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.application.principal import ANYONE
from cmlfleet.application.queries import views
from cmlfleet.application.queries.get_me_query import GetMeQuery
from cmlfleet.application.queries.get_metrics_query import GetMetricsQuery
from cmlfleet.application.queries.get_system_query import GetSystemQuery
from cmlfleet.application.queries.system_views import SystemView

router = APIRouter(tags=["system"])
signed_in_router = APIRouter(tags=["system"], route_class=SignedInRoute)

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", response_model=schemas.Health)
async def healthz() -> Response:
    """Alive."""
    return answer({"status": "ok", "version": __version__})


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    response_model=schemas.Readiness,
    responses={503: {"model": schemas.Readiness, "description": "not ready"}},
)
async def readyz(request: Request) -> Response:
    """Ready to serve; each part's state to whoever is signed in."""
    readiness: Callable[[], Awaitable[tuple[bool, dict[str, Any]]]] = request.app.state.readiness
    ready, parts = await readiness()
    try:
        await sender_of(request)
    except (NotSignedIn, StorageUnavailable):
        parts = {}  # who it is cannot be told: a probe wants its answer all the same
    body: dict[str, Any] = {"status": "ready" if ready else "not ready"}
    if parts:
        body["parts"] = parts
    return answer(body, status=200 if ready else 503)


@router.get(
    "/metrics",
    response_class=Response,
    responses={**documented(), 200: {"description": "Prometheus", "content": {PROMETHEUS: {}}}},
)
async def metrics(request: Request, mediator: Application) -> Response:
    """For Prometheus; needs a viewer's token unless the configuration opens it."""
    principal = ANYONE if request.app.state.metrics_public else await signed_in(request)
    return Response(await mediator.execute_async(GetMetricsQuery(), principal), media_type=PROMETHEUS)


@signed_in_router.get("/api/v1/me", response_model=views.MeView, responses=documented())
async def me(mediator: Application, principal: SignedIn) -> Response:
    """Who is signed in, with what role."""
    return answer(await mediator.execute_async(GetMeQuery(), principal))


@signed_in_router.get("/api/v1/system", response_model=SystemView, responses=documented())
async def system(mediator: Application, principal: SignedIn) -> Response:
    """Monitoring groups, AWS budgets, what the outbox owes."""
    return answer(await mediator.execute_async(GetSystemQuery(), principal))
