"""The JSON of users and groups, by version."""

from typing import Any

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.users import User
from cmlfleet.simulator.controller.views.labs import stamp


def user(controller: CMLController, shown: User) -> dict[str, Any]:
    version = controller.version
    view: dict[str, Any] = {
        "id": shown.id,
        "username": shown.username,
        "fullname": shown.fullname,
        "description": shown.description,
        "email": shown.email,
        "admin": shown.is_admin,
        "groups": shown.groups,
        "created": stamp(shown.created_at),
        "modified": stamp(shown.modified_at),
        "directory_dn": None,
        "labs": controller.labs.of_owner(shown.id),
        "resource_pool": None,
        "opt_in": True,
        "tour_version": "",
    }
    if version.has_associations:
        view["associations"] = []
    if version.is_at_least_2_10:
        last_login = shown.last_login_at
        view |= {
            "opt_in": "accepted",
            "auth_source": "local",
            "last_login": None if last_login is None else stamp(last_login),
            "pubkey_info": None,
        }
    return view


def brief(shown: User) -> dict[str, Any]:
    return {"id": shown.id, "username": shown.username, "admin": shown.is_admin}


def group(controller: CMLController, identifier: str, body: dict[str, Any]) -> dict[str, Any]:
    now = stamp(controller.clock.now())
    view: dict[str, Any] = {
        "id": identifier,
        "name": body["name"],
        "description": body.get("description", ""),
        "members": body.get("members", []),
        "created": now,
        "modified": now,
        "directory_dn": None,
    }
    if controller.version.has_associations:
        view["associations"] = body.get("associations", [])
    else:
        view["labs"] = body.get("labs", [])
    return view
