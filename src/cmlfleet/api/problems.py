"""Every refusal is a problem document (RFC 9457) that says what was wrong and what is allowed."""

import math
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from cmlfleet.api.validation_words import what_is_allowed
from cmlfleet.application import errors
from cmlfleet.application.ports.reading import InvalidCriteria
from cmlfleet.application.ports.storage import StorageUnavailable, VersionConflict

RETRY_AFTER_SECONDS = 5
MEDIA_TYPE = "application/problem+json"

logger = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One field that was wrong."""

    location: str
    message: str


class Problem(BaseModel):
    """RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldProblem] | None = None


class NotSignedIn(Exception):
    """No token, or one that is not known, revoked or expired."""


class CrossSiteRequest(Exception):
    """A browser's session came with a change that another site's page asked for."""


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for the OpenAPI document; those that any route may give are always among them."""
    common = (400, 401, 403, 405, 413, 422, 500, 503)
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*common, *statuses})
    }


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    fields: list[FieldProblem] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """A problem document as a response."""
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        errors=fields,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True), status_code=status, media_type=MEDIA_TYPE, headers=headers
    )


_STATUS: dict[type[Exception], int] = {
    errors.WorkerNotFound: 404,
    errors.OperationNotFound: 404,
    errors.TokenNotFound: 404,
    errors.UserNotFound: 404,
    errors.NotAllowed: 403,
    errors.SignInRefused: 401,
    errors.NotVouchedFor: 401,
    errors.ProviderUnavailable: 503,
    errors.TooManyAttempts: 429,
    errors.BeyondLimit: 403,
    errors.LabelGuarded: 403,
    errors.LabelChanged: 409,
    errors.TokenNameTaken: 409,
    errors.VersionChanged: 412,
    errors.CertificateNotPresented: 409,
    errors.SourceUnavailable: 503,
    errors.SourceDenied: 502,
    errors.InvalidRequest: 422,
    errors.UnknownScope: 422,
    InvalidCriteria: 422,
    VersionConflict: 409,
    StorageUnavailable: 503,
    NotSignedIn: 401,
    CrossSiteRequest: 403,
}


def install_problems(app: FastAPI) -> None:
    """Translate every exception, once, here."""
    for kind, status in _STATUS.items():
        app.add_exception_handler(kind, _known(status))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _broken)


def _known(status: int) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def handle(request: Request, error: Exception) -> JSONResponse:
        headers: dict[str, str] = {}
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if isinstance(error, errors.TooManyAttempts):
            headers["Retry-After"] = str(math.ceil(error.wait_seconds))
        if status == 503:
            headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        fields = [FieldProblem(location="request", message=str(error))] if status == 422 else None
        return problem(request, status, str(error), fields=fields, headers=headers or None)

    return handle


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    found: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    fields = [
        FieldProblem(location=".".join(str(step) for step in entry["loc"]), message=what_is_allowed(entry))
        for entry in found
    ]
    detail = "; ".join(f"{field.location}: {field.message}" for field in fields) or "the request is not valid"
    return problem(request, 422, detail, fields=fields)


async def _http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    detail = {404: f"there is nothing at {request.url.path}", 405: f"allowed here: {headers.get('Allow', '')}"}
    return problem(
        request, error.status_code, detail.get(error.status_code, str(error.detail)), headers=headers or None
    )


async def _broken(request: Request, error: Exception) -> JSONResponse:
    logger.error("request_broke", path=request.url.path, exc_info=error)
    return problem(request, 500, "this is a fault of the service; its log holds the details")


def _methods(request: Request) -> set[str]:
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        regex, methods = getattr(route, "path_regex", None), getattr(route, "methods", None)
        if regex is not None and methods and regex.match(request.url.path):
            found |= methods
    return found
