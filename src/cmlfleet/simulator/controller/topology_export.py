"""A lab's topology: as the API shows it, with its ids, and as a file that can be imported anywhere."""

from typing import Any

import yaml

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.lab import Lab
from cmlfleet.simulator.controller.lab_elements import Interface, Link, Node


def live_topology(controller: CMLController, lab: Lab, *, exclude_configurations: bool | None) -> dict[str, Any]:
    """Without `exclude_configurations` a configuration is one text, with False a list of files."""
    head = _head(controller, lab)
    head["owner"] = lab.owner_id
    topology = {
        "lab": head,
        "nodes": [
            {
                **_node(controller, node, identifier=node.id),
                **_configuration(node, exclude=exclude_configurations),
                "interfaces": [
                    _interface(interface, identifier=interface.id) for interface in node.interfaces.values()
                ],
            }
            for node in lab.nodes.values()
        ],
        "links": [_live_link(link) for link in lab.links.values()],
        "annotations": list(lab.annotations.values()),
    }
    if controller.version.has_smart_annotations:
        topology["smart_annotations"] = list(lab.smart_annotations.values())
    return topology


def exported_topology(controller: CMLController, lab: Lab) -> dict[str, Any]:
    """With ids local to the file: n0, i0, l0. Interfaces are numbered within their node."""
    node_ids = {node_id: f"n{index}" for index, node_id in enumerate(lab.nodes)}
    interface_ids = {
        interface_id: f"i{index}" for node in lab.nodes.values() for index, interface_id in enumerate(node.interfaces)
    }
    topology = {
        "annotations": [_without_id(annotation) for annotation in lab.annotations.values()],
        "nodes": [
            {
                **_node(controller, node, identifier=node_ids[node.id]),
                **_configuration(node, exclude=False),
                "interfaces": [
                    _interface(interface, identifier=interface_ids[interface.id])
                    for interface in node.interfaces.values()
                ],
            }
            for node in lab.nodes.values()
        ],
        "links": [
            {
                "id": f"l{index}",
                "n1": node_ids[link.node_a],
                "n2": node_ids[link.node_b],
                "i1": interface_ids[link.interface_a],
                "i2": interface_ids[link.interface_b],
                "conditioning": link.conditioning,
                "label": link.label,
            }
            for index, link in enumerate(lab.links.values())
        ],
        "lab": _head(controller, lab),
    }
    if controller.version.has_smart_annotations:
        topology["smart_annotations"] = [_without_id(annotation) for annotation in lab.smart_annotations.values()]
    return topology


def exported_yaml(controller: CMLController, lab: Lab) -> str:
    return yaml.safe_dump(exported_topology(controller, lab), sort_keys=False, allow_unicode=True)


def _head(controller: CMLController, lab: Lab) -> dict[str, Any]:
    head: dict[str, Any] = {
        "description": lab.description,
        "notes": lab.notes,
        "title": lab.title,
        "version": controller.version.topology_schema,
    }
    if controller.version.is_at_least_2_10:
        head["node_staging"] = dict(lab.node_staging)
    return head


def _node(controller: CMLController, node: Node, *, identifier: str) -> dict[str, Any]:
    view: dict[str, Any] = {
        "boot_disk_size": node.boot_disk_size,
        "cpu_limit": node.cpu_limit,
        "cpus": node.cpus,
        "data_volume": node.data_volume,
        "hide_links": node.hide_links,
        "id": identifier,
        "image_definition": node.image_definition,
        "label": node.label,
        "node_definition": node.node_definition,
        "parameters": node.parameters,
        "ram": node.ram,
        "tags": list(node.tags),
        "x": node.x,
        "y": node.y,
    }
    if controller.version.is_at_least_2_10:
        view["priority"] = node.priority
        view["pyats"] = {"username": None, "password": None, "enable_password": None, **node.pyats}
    return view


def _configuration(node: Node, *, exclude: bool | None) -> dict[str, Any]:
    if exclude is True:
        return {}
    if exclude is False:
        return {"configuration": [dict(file) for file in node.configuration]}
    return {"configuration": node.configuration[0]["content"] if node.configuration else None}


def _interface(interface: Interface, *, identifier: str) -> dict[str, Any]:
    view: dict[str, Any] = {"id": identifier, "label": interface.label, "type": interface.type}
    if interface.slot is not None:
        view["slot"] = interface.slot
    if interface.mac_address is not None:
        view["mac_address"] = interface.mac_address
    return view


def _live_link(link: Link) -> dict[str, Any]:
    return {
        "id": link.id,
        "label": link.label,
        "interface_a": link.interface_a,
        "interface_b": link.interface_b,
        "node_a": link.node_a,
        "node_b": link.node_b,
        "conditioning": link.conditioning,
    }


def _without_id(annotation: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in annotation.items() if key != "id"}
