"""Labs as a whole: listing, reading, creating, starting, stopping, wiping, deleting."""

from functools import partial
from typing import Any

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import (
    Answer,
    ApiError,
    Request,
    json_answer,
    no_content,
    not_found,
)
from cmlfleet.simulator.controller.lab import AUTOSTART_OFF, STAGING_OFF, Lab
from cmlfleet.simulator.controller.router import Route
from cmlfleet.simulator.controller.validation import (
    nullable_text_of,
    object_of,
    objects_of,
    refuse_unknown_keys,
    required,
    text_of,
    texts_of,
)
from cmlfleet.simulator.controller.views import labs as views

_REQUEST_KEYS = ("title", "description", "notes", "owner", "associations")
_LONGEST_TITLE = 64
_LONGEST_DESCRIPTION = 4096
_LONGEST_NOTES = 32_768


def visible_lab(controller: CMLController, request: Request) -> Lab:
    """The lab of the path. Raises `ApiError` 404, also for a lab the caller may not see."""
    lab = controller.labs.get(request.parameters["lab_id"])
    if not views.permissions(lab, request.caller):
        raise not_found("Lab", lab.id)
    return lab


def editable_lab(controller: CMLController, request: Request, permission: str = "lab_edit") -> Lab:
    """Raises `ApiError` 403 for a lab that the caller may only look at."""
    lab = visible_lab(controller, request)
    if permission not in views.permissions(lab, request.caller):
        raise ApiError(403, "User does not have the permission for this operation.")
    return lab


def list_labs(controller: CMLController, request: Request) -> Answer:
    show_all = request.flag("show_all")
    user = request.caller
    return controller.cached(
        ("labs", user.id, show_all, user.is_admin),
        lambda: json_answer(
            [
                lab.id
                for lab in controller.labs
                if (show_all and user.is_admin)
                or lab.owner_id == user.id
                or (views.permissions(lab, user) and not user.is_admin)
            ]
        ),
    )


def get_lab(controller: CMLController, request: Request) -> Answer:
    lab = visible_lab(controller, request)
    user = request.caller
    return controller.cached(("lab", lab.id, user.id), lambda: json_answer(views.lab(controller, lab, user)))


def populate_lab_tiles(controller: CMLController, request: Request) -> Answer:
    user = request.caller
    return controller.cached(
        ("tiles", user.id, user.is_admin),
        lambda: json_answer(
            {
                "lab_tiles": {
                    lab.id: views.tile(controller, lab, user)
                    for lab in controller.labs
                    if views.permissions(lab, user)
                }
            }
        ),
    )


def get_tile(controller: CMLController, request: Request) -> Answer:
    lab = visible_lab(controller, request)
    return json_answer(views.tile(controller, lab, request.caller))


def create_lab(controller: CMLController, request: Request) -> Answer:
    body = request.json_object() if request.body else {}
    _check(controller, body)
    at = controller.clock.monotonic()
    owner_id = controller.users.get(body.get("owner") or request.caller.id).id
    title = body.get("title") or f"Lab at {controller.clock.now():%a %H:%M %p}"
    lab = controller.labs.create(title=title, owner_id=owner_id, at=at)
    _apply(controller, lab, {key: value for key, value in body.items() if key not in ("title", "owner")})
    return json_answer(views.lab(controller, lab, request.caller))


def update_lab(controller: CMLController, request: Request) -> Answer:
    lab = editable_lab(controller, request)
    body = request.json_object()
    _check(controller, body)
    _apply(controller, lab, body)
    controller.journal.lab_changed(lab, "MODIFIED", at=controller.clock.monotonic(), data=body)
    lab.modified_at = controller.clock.now()
    return json_answer(views.lab(controller, lab, request.caller))


def delete_lab(controller: CMLController, request: Request) -> Answer:
    lab = editable_lab(controller, request, "lab_admin")
    controller.labs.delete(lab, at=controller.clock.monotonic())
    return no_content()


def lab_state(controller: CMLController, request: Request) -> Answer:
    return json_answer(visible_lab(controller, request).state)


def start_lab(controller: CMLController, request: Request) -> Answer:
    """Accepted: the nodes are queued, and boot later."""
    lab = editable_lab(controller, request, "lab_exec")
    refuse_above_quota(controller, sum(not node.is_active for node in lab.nodes.values()))
    controller.labs.start(lab, at=controller.clock.monotonic())
    return no_content()


def refuse_above_quota(controller: CMLController, starting: int) -> None:
    """Raises `ApiError` 403 when the licence does not allow that many nodes more."""
    quota = controller.licensing.node_quota
    if not controller.is_ready:
        raise ApiError(403, "The system is not ready: no compute can start nodes.")
    if quota is not None and controller.licensed_nodes_started() + starting > quota:
        raise ApiError(403, f"Licensing node limit reached: {quota} nodes are allowed.")


def stop_lab(controller: CMLController, request: Request) -> Answer:
    lab = editable_lab(controller, request, "lab_exec")
    controller.labs.stop(lab, at=controller.clock.monotonic())
    return no_content()


def wipe_lab(controller: CMLController, request: Request) -> Answer:
    lab = editable_lab(controller, request, "lab_exec")
    controller.labs.wipe(lab, at=controller.clock.monotonic())
    return no_content()


def is_converged(controller: CMLController, request: Request) -> Answer:
    return json_answer(visible_lab(controller, request).is_converged)


def element_state(controller: CMLController, request: Request) -> Answer:
    lab = visible_lab(controller, request)
    return controller.cached(("element_state", lab.id), lambda: json_answer(lab.element_states()))


def events(controller: CMLController, request: Request) -> Answer:
    return json_answer(visible_lab(controller, request).events)


def _check(controller: CMLController, body: dict[str, Any]) -> None:
    version = controller.version
    if version.is_closed_schema:
        extra = ("autostart", "node_staging") if version.is_at_least_2_10 else ("groups",)
        refuse_unknown_keys(body, allowed=(*_REQUEST_KEYS, *extra))
    if "title" in body:
        text_of(body, "title", shortest=1, longest=_LONGEST_TITLE)
    if "description" in body:
        text_of(body, "description", longest=_LONGEST_DESCRIPTION)
    if "notes" in body:
        text_of(body, "notes", longest=_LONGEST_NOTES)
    nullable_text_of(body.get("owner"), "owner")
    checked_associations(body.get("associations", {}), "associations")
    objects_of(body.get("groups", []), "groups")
    for part in ("autostart", "node_staging"):
        object_of(body.get(part) or {}, part)


def checked_associations(value: object, *location: str) -> dict[str, list[dict[str, Any]]]:
    """Groups and users, each with its permissions. Raises `InvalidInputError`."""
    checked = {kind: objects_of(entries, *location, kind) for kind, entries in object_of(value, *location).items()}
    for kind, entries in checked.items():
        for index, entry in enumerate(entries):
            texts_of(required(entry, "permissions"), *location, kind, index, "permissions")
    return checked


def _apply(controller: CMLController, lab: Lab, body: dict[str, Any]) -> None:
    lab.title = body.get("title", lab.title)
    lab.description = body.get("description", lab.description)
    lab.notes = body.get("notes", lab.notes)
    if body.get("owner"):
        lab.owner_id = controller.users.get(body["owner"]).id
    if "associations" in body:
        lab.associations = body["associations"]
    if "groups" in body:
        lab.associations = {**lab.associations, "groups": body["groups"]}
    if "autostart" in body:
        lab.autostart = {**AUTOSTART_OFF, **(body["autostart"] or {})}
    if "node_staging" in body:
        lab.node_staging = {**STAGING_OFF, **(body["node_staging"] or {})}
    controller.journal.touch()


_get = partial(Route, method="GET")
_put = partial(Route, method="PUT")

ROUTES = (
    _get(template="labs", handler=list_labs),
    _get(template="populate_lab_tiles", handler=populate_lab_tiles),
    Route(method="POST", template="labs", handler=create_lab),
    _get(template="labs/{lab_id}", handler=get_lab),
    Route(method="PATCH", template="labs/{lab_id}", handler=update_lab),
    Route(method="DELETE", template="labs/{lab_id}", handler=delete_lab),
    _get(template="labs/{lab_id}/tile", handler=get_tile),
    _get(template="labs/{lab_id}/state", handler=lab_state),
    _put(template="labs/{lab_id}/start", handler=start_lab),
    _put(template="labs/{lab_id}/stop", handler=stop_lab),
    _put(template="labs/{lab_id}/wipe", handler=wipe_lab),
    _put(template="labs/{lab_id}/state/start", handler=start_lab),
    _put(template="labs/{lab_id}/state/stop", handler=stop_lab),
    _put(template="labs/{lab_id}/state/wipe", handler=wipe_lab),
    _get(template="labs/{lab_id}/check_if_converged", handler=is_converged),
    _get(template="labs/{lab_id}/lab_element_state", handler=element_state),
    _get(template="labs/{lab_id}/events", handler=events),
)
