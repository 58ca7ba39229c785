"""Signing in and out."""

from typing import Any

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import (
    Answer,
    ApiError,
    InvalidInputError,
    Request,
    html_answer,
    json_answer,
)
from cmlfleet.simulator.controller.router import Access, Route, from_2_10
from cmlfleet.simulator.controller.users import User
from cmlfleet.simulator.controller.validation import refuse_unknown_keys
from cmlfleet.simulator.fault_catalogue import FaultName

_SHORTEST_SESSION_SECONDS = 300
_LONGEST_SESSION_SECONDS = 604_800


def authenticate(controller: CMLController, request: Request) -> Answer:
    """The token is a bare JSON string."""
    if not _within_rate(controller):
        return html_answer(429)
    user = _signed_in(controller, request)
    return json_answer(_issue(controller, user))


def auth_extended(controller: CMLController, request: Request) -> Answer:
    if not _within_rate(controller):
        return html_answer(429)
    user = _signed_in(controller, request)
    return json_answer(
        {
            "username": user.username,
            "id": user.id,
            "token": _issue(controller, user),
            "admin": _is_admin(controller, user),
            "error": None,
        }
    )


def authok(_controller: CMLController, _request: Request) -> Answer:
    return json_answer("OK")


def authentication(_controller: CMLController, request: Request) -> Answer:
    user = request.caller
    return json_answer({"id": user.id, "username": user.username, "admin": user.is_admin})


def logout(controller: CMLController, request: Request) -> Answer:
    if request.flag("clear_all_sessions"):
        controller.tokens.revoke_all_of(controller.users.get(request.caller.id))
    elif request.token is not None:
        controller.tokens.revoke(request.token)
    return json_answer(True)


def session_timeout(controller: CMLController, _request: Request) -> Answer:
    return json_answer(controller.tokens.lifetime_seconds)


def set_session_timeout(controller: CMLController, request: Request) -> Answer:
    """For tokens issued from now on."""
    text = request.parameters["seconds"]
    if not text.isdigit() or not _SHORTEST_SESSION_SECONDS <= int(text) <= _LONGEST_SESSION_SECONDS:
        raise InvalidInputError(
            location=("path", "timeout"),
            kind="int_range",
            message=f"Input should be from {_SHORTEST_SESSION_SECONDS} to {_LONGEST_SESSION_SECONDS}",
        )
    controller.tokens.lifetime_seconds = int(text)
    return json_answer("OK")


def _within_rate(controller: CMLController) -> bool:
    if controller.fault(FaultName.LOGIN_RATE_LIMITED) is not None:
        return False
    return controller.sign_in_rate.admits(controller.clock.monotonic())


def _signed_in(controller: CMLController, request: Request) -> User:
    body = request.json_object()
    if controller.version.is_closed_schema:
        refuse_unknown_keys(body, allowed=("username", "password"))
    username, password = _text(body, "username"), _text(body, "password")
    user = controller.users.signing_in(username, password)
    if user is None or controller.fault(FaultName.WRONG_PASSWORD) is not None:
        raise ApiError(403, "Authentication failed!")
    in_maintenance = controller.administration.maintenance_mode or controller.fault(FaultName.MAINTENANCE) is not None
    if in_maintenance and not _is_admin(controller, user):
        raise ApiError(403, "The system is in maintenance mode.")
    user.last_login_at = controller.clock.now()
    return user


def _is_admin(controller: CMLController, user: User) -> bool:
    return user.is_admin and controller.fault(FaultName.NOT_ADMIN) is None


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if isinstance(value, str):
        return value
    raise InvalidInputError(
        location=("body", key),
        kind="missing" if value is None else "string_type",
        message="Field required" if value is None else "Input should be a valid string",
    )


def _issue(controller: CMLController, user: User) -> str:
    return controller.tokens.issue(user, now=controller.clock.now(), monotonic=controller.clock.monotonic())


ROUTES = (
    Route(method="POST", template="authenticate", handler=authenticate, access=Access.PUBLIC),
    Route(method="POST", template="auth_extended", handler=auth_extended, access=Access.PUBLIC),
    Route(method="GET", template="authok", handler=authok),
    Route(method="GET", template="authentication", handler=authentication, exists=from_2_10),
    Route(method="DELETE", template="logout", handler=logout),
    Route(method="GET", template="web_session_timeout", handler=session_timeout),
    Route(
        method="PATCH",
        template="web_session_timeout/{seconds}",
        handler=set_session_timeout,
        access=Access.ADMIN,
    ),
)
