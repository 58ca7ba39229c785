"""The JSON of labs and of all that is in them, by version."""

from datetime import datetime
from typing import Any

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.lab import Lab
from cmlfleet.simulator.controller.lab_elements import Interface, Link, Node, interface_state
from cmlfleet.simulator.controller.node_catalogue import definition_of
from cmlfleet.simulator.controller.users import User

ALL_PERMISSIONS = ("lab_view", "lab_admin", "lab_exec", "lab_edit")
_FIRST_UDP_PORT = 20_000


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def lab(controller: CMLController, shown: Lab, viewer: User) -> dict[str, Any]:
    version = controller.version
    owner = controller.users.get(shown.owner_id)
    view: dict[str, Any] = {
        "id": shown.id,
        "created": stamp(shown.created_at),
        "modified": stamp(shown.modified_at),
        "lab_description": shown.description,
        "lab_notes": shown.notes,
        "lab_title": shown.title,
        "owner": owner.id,
        "owner_username": owner.username,
        "owner_fullname": owner.fullname,
        "state": shown.state,
        "node_count": shown.node_count,
        "link_count": shown.link_count,
    }
    if version.has_lab_groups:
        view["groups"] = shown.associations.get("groups", [])
    if version.has_associations:
        view["effective_permissions"] = permissions(shown, viewer)
    if version.is_at_least_2_10:
        view |= {"autostart": shown.autostart, "node_staging": shown.node_staging}
    return view


def permissions(shown: Lab, viewer: User) -> list[str]:
    """What the viewer may do with the lab; empty when it is not theirs to see."""
    if viewer.is_admin or shown.owner_id == viewer.id:
        return list(ALL_PERMISSIONS)
    granted = [
        permission
        for association in shown.associations.get("users", [])
        if association.get("id") == viewer.id
        for permission in association.get("permissions", [])
    ]
    return list(dict.fromkeys(granted))


def tile(controller: CMLController, shown: Lab, viewer: User) -> dict[str, Any]:
    """A lab with its elements, as `populate_lab_tiles` and `labs/{id}/tile` give it."""
    topology: dict[str, Any] = {
        "nodes": [simplified_node(node) for node in shown.nodes.values()],
        "links": [simplified_link(shown, element) for element in shown.links.values()],
        "annotations": list(shown.annotations.values()),
    }
    if controller.version.has_smart_annotations:
        topology["smart_annotations"] = list(shown.smart_annotations.values())
    return {**lab(controller, shown, viewer), "topology": topology}


def simplified_node(element: Node) -> dict[str, Any]:
    return {
        "id": element.id,
        "label": element.label,
        "x": element.x,
        "y": element.y,
        "node_definition": element.node_definition,
        "image_definition": element.image_definition,
        "tags": element.tags,
        "state": element.state,
    }


def simplified_link(shown: Lab, element: Link) -> dict[str, Any]:
    return {
        "id": element.id,
        "node_a": element.node_a,
        "node_b": element.node_b,
        "state": shown.state_of_link(element),
    }


def node(
    controller: CMLController,
    shown: Lab,
    element: Node,
    *,
    is_operational: bool = True,
    exclude_configurations: bool | None = None,
) -> dict[str, Any]:
    version = controller.version
    operational = _operational(controller, element) if is_operational else None
    view: dict[str, Any] = {
        **_definition_part(element),
        "id": element.id,
        "lab_id": shown.id,
        "state": element.state,
        "boot_progress": element.boot_progress,
        "operational": operational,
        "pinned_compute_id": element.pinned_compute_id,
    }
    if version.is_at_least_2_10:
        view |= {"priority": element.priority, "pyats": _pyats(element)}
    else:
        copied = operational or {}
        view |= {
            "compute_id": copied.get("compute_id"),
            "iol_app_id": copied.get("iol_app_id"),
            "resource_pool": None,
            "vnc_key": copied.get("vnc_key"),
            "serial_consoles": copied.get("serial_consoles", []),
        }
    _add_configuration(view, element, exclude=exclude_configurations, as_list=version.is_at_least_2_10)
    return view


def _definition_part(element: Node) -> dict[str, Any]:
    return {
        "label": element.label,
        "node_definition": element.node_definition,
        "image_definition": element.image_definition,
        "x": element.x,
        "y": element.y,
        "ram": element.ram,
        "cpus": element.cpus,
        "cpu_limit": element.cpu_limit,
        "data_volume": element.data_volume,
        "boot_disk_size": element.boot_disk_size,
        "hide_links": element.hide_links,
        "tags": element.tags,
        "parameters": element.parameters,
    }


def _pyats(element: Node) -> dict[str, str | None]:
    return {"username": None, "password": None, "enable_password": None, **element.pyats}


def _add_configuration(view: dict[str, Any], element: Node, *, exclude: bool | None, as_list: bool) -> None:
    """Left out, one text (the main file), or the list of files, as the query asks."""
    if exclude is True:
        return
    if exclude is False or as_list:
        view["configuration"] = element.configuration
    else:
        view["configuration"] = element.configuration[0]["content"] if element.configuration else None


def _operational(controller: CMLController, element: Node) -> dict[str, Any] | None:
    if not element.is_active:
        return None
    definition = definition_of(element.node_definition)
    return {
        "boot_disk_size": element.boot_disk_size,
        "cpu_limit": element.cpu_limit or 100,
        "cpus": element.cpus or definition.cpus,
        "data_volume": element.data_volume,
        "ram": element.ram or definition.ram_mb or None,
        "compute_id": element.compute_id or controller.hosts[0].id,
        "image_definition": element.image_definition or definition.image,
        "vnc_key": None,
        "resource_pool": None,
        "iol_app_id": None,
        "serial_consoles": [
            {
                "console_key": controller.ids.named("console", element.id),
                "label": "serial0",
                "device_number": 0,
            }
        ]
        if definition.is_licensed
        else [],
    }


def interface(
    controller: CMLController, shown: Lab, owner: Node, element: Interface, *, is_operational: bool = True
) -> dict[str, Any]:
    view: dict[str, Any] = {
        "id": element.id,
        "node": owner.id,
        "lab_id": shown.id,
        "label": element.label,
        "slot": element.slot,
        "type": element.type,
        "mac_address": element.mac_address,
        "is_connected": element.link_id is not None,
        "state": interface_state(owner, element),
    }
    if is_operational:
        view["operational"] = _interface_operational(controller, owner, element)
    return view


def _interface_operational(controller: CMLController, owner: Node, element: Interface) -> dict[str, Any] | None:
    if not owner.is_running:
        return None
    port = _FIRST_UDP_PORT + int(controller.ids.fraction("port", element.id) * 20_000)
    return {
        "device_name": None,
        "mac_address": element.mac_address or mac_address(controller, element),
        "src_udp_port": port,
        "dst_udp_port": port + 1,
    }


def mac_address(controller: CMLController, element: Interface) -> str:
    digits = f"{int(controller.ids.fraction('mac', element.id) * 2**24):06x}"
    return f"52:54:00:{digits[:2]}:{digits[2:4]}:{digits[4:]}"


def link(shown: Lab, element: Link) -> dict[str, Any]:
    return {
        "id": element.id,
        "interface_a": element.interface_a,
        "interface_b": element.interface_b,
        "node_a": element.node_a,
        "node_b": element.node_b,
        "label": element.label,
        "lab_id": shown.id,
        "link_capture_key": None,
        "state": shown.state_of_link(element),
    }
