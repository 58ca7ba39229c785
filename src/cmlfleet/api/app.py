"""The HTTP side, put together."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp
from starlette_compress import CompressMiddleware

from cmlfleet import __version__
from cmlfleet.api.authentication import Authenticator
from cmlfleet.api.browser import SESSION_COOKIE
from cmlfleet.api.console import console_routes, is_built
from cmlfleet.api.controllers import (
    audit_controller,
    fleet_controller,
    openid_controller,
    session_controller,
    stream_controller,
    system_controller,
    tokens_controller,
    users_controller,
    workers_controller,
)
from cmlfleet.api.cut_short import CutShort
from cmlfleet.api.docs_page import DOCS_POLICY, docs_page
from cmlfleet.api.limits import BodyLimit
from cmlfleet.api.problems import Problem, install_problems
from cmlfleet.api.security_headers import SecurityHeaders
from cmlfleet.application.mediator import Mediator
from cmlfleet.application.services.refused_attempts import RefusedAttempts

OPEN = (
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/api/v1/session/options"),
    ("get", "/api/v1/session/openid"),
    ("get", "/api/v1/session/openid/callback"),
    ("post", "/api/v1/session"),
    ("post", "/api/v1/session/set-up"),
)
"""What whoever is not signed in may ask for."""

NO_CONSOLE = (
    "The web console is not part of this installation: it is built with Node.js 20.19 or newer, which was not found. "
    "Install it, then run make setup, and start the service again."
)


def create_app(
    *,
    mediator: Mediator,
    authenticator: Authenticator,
    refused_attempts: RefusedAttempts,
    readiness: Callable[[], Awaitable[tuple[bool, dict[str, Any]]]],
    metrics_public: bool,
    console: Path | None,
) -> FastAPI:
    """The whole API over an application that is already wired, and the console that was built into a folder.

    Without a folder only what every process of a cluster serves: whether it is alive, ready, and its metrics.
    """
    app = bare_app(whole=console is not None)
    if console is not None:
        app.router.routes.extend(console_routes(console))
        app.state.notice = "" if is_built(console) else NO_CONSOLE
    app.state.mediator = mediator
    app.state.authenticator = authenticator
    app.state.readiness = readiness
    app.state.refused_attempts = refused_attempts
    app.state.metrics_public = metrics_public
    return app


class _Api(FastAPI):
    """Starlette's own outermost layer answers faults; what every answer says comes outside of it."""

    def build_middleware_stack(self) -> ASGIApp:
        return SecurityHeaders(CutShort(super().build_middleware_stack()))


def bare_app(*, whole: bool = True) -> FastAPI:
    """Routes and documents, with nothing behind them."""
    app = _Api(
        title="cmlfleet",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # it would lead to whatever host the request names
        description="The control plane for fleets of Cisco Modeling Labs workers on AWS EC2.",
    )
    app.state.notice = ""
    install_problems(app)
    # The stream compresses badly event by event and must never wait in a compressor's buffer.
    app.add_middleware(CompressMiddleware, minimum_size=2048)
    app.add_middleware(BodyLimit)
    app.include_router(system_controller.router)
    if not whole:
        return app
    for router in (
        system_controller.signed_in_router,
        fleet_controller.router,
        workers_controller.router,
        tokens_controller.router,
        users_controller.router,
        session_controller.router,
        openid_controller.router,
        session_controller.signed_in_router,
        audit_controller.router,
        stream_controller.router,
    ):
        app.include_router(router)

    @app.get("/api/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        page = docs_page(openapi_of(app), notice=app.state.notice)
        return HTMLResponse(page, headers={"Content-Security-Policy": DOCS_POLICY})

    @app.get("/api/v1/openapi.json", include_in_schema=False)
    async def openapi() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse(openapi_of(app))

    return app


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with problem documents and the bearer scheme."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs", {})
        schemas["Problem"] = problem
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
        }
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if (method, path) not in OPEN:
                    operation["security"] = [{"bearer": []}, {"session": []}]
        app.openapi_schema = document
    return app.openapi_schema
