"""From a request to its answer: route, access, handler, errors."""

from dataclasses import replace

import structlog

from cmlfleet.simulator.controller import misbehaviour
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import (
    Answer,
    ApiError,
    InvalidInputError,
    Request,
    html_answer,
    json_answer,
)
from cmlfleet.simulator.controller.router import Access, Match, Route, Router
from cmlfleet.simulator.controller.routes import ROUTES
from cmlfleet.simulator.controller.users import User
from cmlfleet.simulator.fault_catalogue import FaultName

_log = structlog.get_logger(__name__)
_ROUTER = Router(ROUTES)
_UNKNOWN = "(unknown)"
_NO_PARAMETERS: dict[str, str] = {}

_NOT_FOUND = ApiError(404, "Not Found")
_WRONG_METHOD = ApiError(405, "Method Not Allowed")
_NO_TOKEN = ApiError(401, "401: No authorization token provided.")
_DEAD_TOKEN = ApiError(401, "401: Authorization token is not valid.")
_NOT_ADMIN = ApiError(403, "Access denied: administrator privileges are required.")


def answer(
    controller: CMLController, *, method: str, path: str, query_text: str, body: bytes, token: str | None
) -> Answer:
    """What the controller answers, its faults included. Never raises for anything a caller sends."""
    controller.settle()
    match = _ROUTER.match(method, path)
    route = None if match is None else match.route
    template = _UNKNOWN if route is None else route.path
    early = misbehaviour.before_the_api(controller, path) if controller.has_faults else None
    if early is None:
        try:
            given = _answer(
                controller, match, method=method, path=path, query_text=query_text, body=body, token=token
            )
        except ApiError as error:
            given = _error(controller, error)
        except Exception:
            _log.exception("simulated_controller_failed", method=method, path=path)
            given = ApiError(500, "Internal Server Error").answer
        if controller.has_faults:
            given = misbehaviour.after_the_api(controller, given)
    else:
        given = early
    controller.calls[method, template, given.status] += 1
    return given


def _answer(
    controller: CMLController,
    match: Match | None,
    *,
    method: str,
    path: str,
    query_text: str,
    body: bytes,
    token: str | None,
) -> Answer:
    if match is None:
        raise _NOT_FOUND
    route = match.route
    if route is None:
        raise _WRONG_METHOD
    if not route.exists(controller):
        raise _NOT_FOUND
    user = None if route.access is Access.PUBLIC else _caller(controller, route, token)
    if len(body) > route.longest_body:
        return html_answer(413)
    request = Request(
        method=method,
        path=path,
        query_text=query_text,
        body=body,
        token=token,
        user=user,
        parameters=match.parameters or _NO_PARAMETERS,
    )
    return route.handler(controller, request)


def _caller(controller: CMLController, route: Route, token: str | None) -> User:
    if token is None:
        raise _NO_TOKEN
    if controller.fault(FaultName.TOKEN_EXPIRED) is not None:
        controller.tokens.revoke(token)
    user = controller.tokens.user_of(token, monotonic=controller.clock.monotonic())
    if user is None:
        raise _DEAD_TOKEN
    if controller.fault(FaultName.NOT_ADMIN) is not None:
        user = replace(user, is_admin=False)
    if route.access is Access.ADMIN and not user.is_admin:
        raise _NOT_ADMIN
    return user


def _error(controller: CMLController, error: ApiError) -> Answer:
    if isinstance(error, InvalidInputError) and not controller.version.is_closed_schema:
        return json_answer({"description": error.summary, "code": error.status}, status=error.status)
    return error.answer
