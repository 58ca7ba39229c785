"""Users, groups and resource pools."""

from functools import partial
from typing import Any

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import Answer, ApiError, Request, json_answer, no_content
from cmlfleet.simulator.controller.router import Access, Route
from cmlfleet.simulator.controller.users import User
from cmlfleet.simulator.controller.validation import (
    nullable_text_of,
    object_of,
    refuse_unknown_keys,
    required,
    text_of,
    texts_of,
)
from cmlfleet.simulator.controller.views import people as views

_LONGEST_NAME = 32
_LONGEST_PASSWORD = 256
_SHORTEST_PASSWORD = 8
_LONGEST_GROUP = 64
_USER_KEYS = (
    "username",
    "password",
    "fullname",
    "description",
    "email",
    "admin",
    "groups",
    "associations",
    "resource_pool",
    "opt_in",
    "tour_version",
    "pubkey",
)


def list_users(controller: CMLController, request: Request) -> Answer:
    """A short form for others than administrators."""
    is_admin = request.caller.is_admin
    return controller.cached(
        ("users", is_admin),
        lambda: json_answer(
            [views.user(controller, user) if is_admin else views.brief(user) for user in controller.users]
        ),
    )


def create_user(controller: CMLController, request: Request) -> Answer:
    body = request.json_object()
    if controller.version.is_closed_schema:
        refuse_unknown_keys(body, allowed=_USER_KEYS)
    username = text_of(body, "username", shortest=1, longest=_LONGEST_NAME)
    password = _acceptable(text_of(body, "password", longest=_LONGEST_PASSWORD))
    user = controller.users.add(
        username=username,
        password=password,
        is_admin=bool(body.get("admin", False)),
        created_at=controller.clock.now(),
    )
    _apply(user, body)
    controller.journal.touch()
    return json_answer(views.user(controller, user), status=201)


def get_user(controller: CMLController, request: Request) -> Answer:
    user = _user(controller, request)
    # The caller is known with the rights that it has now, a fault's included.
    return json_answer(views.user(controller, request.caller if user.id == request.caller.id else user))


def update_user(controller: CMLController, request: Request) -> Answer:
    """A change of password or role kills the user's tokens."""
    user = _user(controller, request)
    body = request.json_object()
    if user.id != request.caller.id and not request.caller.is_admin:
        raise ApiError(403, "Access denied: administrator privileges are required.")
    if "password" in body:
        user.password = _acceptable(str(required(object_of(body["password"], "password"), "new_password")))
        controller.tokens.revoke_all_of(user)
    if "admin" in body and bool(body["admin"]) is not user.is_admin:
        user.is_admin = bool(body["admin"])
        controller.tokens.revoke_all_of(user)
    _apply(user, body)
    user.modified_at = controller.clock.now()
    controller.journal.touch()
    return json_answer(views.user(controller, user))


def delete_user(controller: CMLController, request: Request) -> Answer:
    user = _user(controller, request)
    if controller.labs.of_owner(user.id):
        raise ApiError(400, f"User {user.username} owns labs and cannot be deleted.")
    controller.users.remove(user)
    controller.tokens.revoke_all_of(user)
    controller.journal.touch()
    return no_content()


def user_id(controller: CMLController, request: Request) -> Answer:
    username = request.parameters["user_id"]
    try:
        return json_answer(controller.users.by_name(username).id)
    except KeyError:
        raise ApiError(404, f"User does not exist: {username}") from None


def list_groups(controller: CMLController, _request: Request) -> Answer:
    return json_answer(list(controller.administration.groups.values()))


def create_group(controller: CMLController, request: Request) -> Answer:
    body = request.json_object()
    name = text_of(body, "name", shortest=1, longest=_LONGEST_GROUP)
    groups = controller.administration.groups
    if any(group["name"] == name for group in groups.values()):
        raise ApiError(422, f"Group already exists: {name}")
    identifier = controller.ids.new()
    groups[identifier] = views.group(controller, identifier, body)
    return json_answer(groups[identifier])


def get_group(controller: CMLController, request: Request) -> Answer:
    return json_answer(_group(controller, request))


def update_group(controller: CMLController, request: Request) -> Answer:
    group = _group(controller, request)
    group.update(request.json_object())
    return json_answer(group)


def delete_group(controller: CMLController, request: Request) -> Answer:
    del controller.administration.groups[_group(controller, request)["id"]]
    return no_content()


def group_id(controller: CMLController, request: Request) -> Answer:
    name = request.parameters["group_id"]
    for group in controller.administration.groups.values():
        if group["name"] == name:
            return json_answer(group["id"])
    raise ApiError(404, f"Group does not exist: {name}")


def no_entries(_controller: CMLController, _request: Request) -> Answer:
    """Resource pools and lab repositories: there are none."""
    return json_answer([])


def _user(controller: CMLController, request: Request) -> User:
    return controller.users.get(request.parameters["user_id"])


def _group(controller: CMLController, request: Request) -> dict[str, Any]:
    identifier = request.parameters["group_id"]
    group = controller.administration.groups.get(identifier)
    if group is None:
        raise ApiError(404, f"Group does not exist: {identifier}")
    return group


def _acceptable(password: str) -> str:
    if len(password) < _SHORTEST_PASSWORD:
        raise ApiError(403, "Password validation failure! Reason: the password is too short.")
    return password


def _apply(user: User, body: dict[str, Any]) -> None:
    user.fullname = nullable_text_of(body.get("fullname", user.fullname), "fullname") or ""
    user.description = nullable_text_of(body.get("description", user.description), "description") or ""
    user.email = nullable_text_of(body.get("email", user.email), "email") or ""
    user.groups = texts_of(body.get("groups", user.groups), "groups")


_get = partial(Route, method="GET")

ROUTES = (
    _get(template="users", handler=list_users),
    Route(method="POST", template="users", handler=create_user, access=Access.ADMIN),
    _get(template="users/{user_id}", handler=get_user),
    Route(method="PATCH", template="users/{user_id}", handler=update_user),
    Route(method="DELETE", template="users/{user_id}", handler=delete_user, access=Access.ADMIN),
    _get(template="users/{user_id}/id", handler=user_id),
    _get(template="groups", handler=list_groups),
    Route(method="POST", template="groups", handler=create_group, access=Access.ADMIN),
    _get(template="groups/{group_id}", handler=get_group),
    Route(method="PATCH", template="groups/{group_id}", handler=update_group, access=Access.ADMIN),
    Route(method="DELETE", template="groups/{group_id}", handler=delete_group, access=Access.ADMIN),
    _get(template="groups/{group_id}/id", handler=group_id),
    _get(template="resource_pools", handler=no_entries),
    _get(template="lab_repos", handler=no_entries),
)
