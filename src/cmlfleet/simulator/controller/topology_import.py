"""A topology file, YAML or JSON, made into a lab."""

from typing import Any, cast

import yaml

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import ApiError
from cmlfleet.simulator.controller.lab import AUTOSTART_OFF, STAGING_OFF, Lab
from cmlfleet.simulator.controller.lab_elements import Interface, Link, Node
from cmlfleet.simulator.controller.lab_plan import join
from cmlfleet.simulator.controller.node_catalogue import NODE_DEFINITIONS
from cmlfleet.simulator.controller.node_settings import apply_settings
from cmlfleet.simulator.controller.validation import nullable_text_of, object_of, objects_of

_LONGEST_TITLE = 64

Document = dict[str, Any]


def import_topology(
    controller: CMLController, text: str, *, title: str | None, owner_id: str
) -> tuple[Lab, list[str]]:
    """The new lab and the warnings. Raises `ApiError` 400 for a topology that cannot be imported."""
    document = _parsed(text)
    head = _section(document, "lab")
    _refuse_newer(controller, str(head.get("version", "")))
    at = controller.clock.monotonic()
    lab_title = title or head.get("title") or f"Lab at {controller.clock.now():%a %H:%M %p}"
    nodes, warnings = _nodes(controller, document)
    links = _links(controller, document, nodes)
    annotations = objects_of(document.get("annotations") or [], "annotations")
    autostart = object_of(head.get("autostart") or {}, "lab", "autostart")
    node_staging = object_of(head.get("node_staging") or {}, "lab", "node_staging")
    description = nullable_text_of(head.get("description"), "lab", "description")
    notes = nullable_text_of(head.get("notes"), "lab", "notes")
    lab = controller.labs.create(title=str(lab_title)[:_LONGEST_TITLE], owner_id=owner_id, at=at)
    lab.description, lab.notes = description or "", notes or ""
    lab.autostart = {**AUTOSTART_OFF, **autostart}
    lab.node_staging = {**STAGING_OFF, **node_staging}
    lab.nodes.update({node.id: node for node, _ in nodes.values()})
    lab.links.update(links)
    for annotation in annotations:
        identifier = controller.ids.new()
        lab.annotations[identifier] = {**annotation, "id": identifier}
    controller.journal.touch()
    return lab, warnings


def _parsed(text: str) -> Document:
    try:
        document: Any = yaml.safe_load(text)  # JSON is YAML too
    except yaml.YAMLError as error:
        raise ApiError(400, f"Bad topology: {error}") from None
    if not isinstance(document, dict):
        raise ApiError(400, "Bad topology: it is not an object.")
    return cast("Document", document)


def _section(document: Document, name: str) -> Document:
    section = document.get(name)
    if not isinstance(section, dict):
        raise ApiError(400, f"Bad topology: {name} is missing.")
    return cast("Document", section)


def _entries(document: Document, name: str) -> list[Document]:
    entries = document.get(name)
    if not isinstance(entries, list):
        raise ApiError(400, f"Bad topology: {name} is missing.")
    for entry in cast("list[Any]", entries):
        if not isinstance(entry, dict) or "id" not in entry:
            raise ApiError(400, f"Bad topology: an entry of {name} has no id.")
    return cast("list[Document]", entries)


def _refuse_newer(controller: CMLController, version: str) -> None:
    """An older controller does not read a newer topology."""
    parts = version.split(".")
    if not all(part.isdigit() for part in parts):
        raise ApiError(400, f"Bad topology: unknown schema version {version!r}.")
    own = controller.version.topology_schema
    if tuple(map(int, parts)) > tuple(map(int, own.split("."))):
        raise ApiError(400, f"Bad topology: schema version {version} is newer than {own}.")


def _nodes(
    controller: CMLController, document: Document
) -> tuple[dict[str, tuple[Node, dict[str, Interface]]], list[str]]:
    """By the ids of the file: each node with its interfaces."""
    nodes: dict[str, tuple[Node, dict[str, Interface]]] = {}
    warnings: list[str] = []
    for entry in _entries(document, "nodes"):
        definition_id = str(entry.get("node_definition", ""))
        if not definition_id:
            raise ApiError(400, f"Bad topology: node {entry['id']} has no node_definition.")
        if definition_id not in NODE_DEFINITIONS:
            warnings.append(f"Node definition {definition_id} is not available on this system.")
        node = Node(
            id=controller.ids.new(), label=str(entry.get("label", entry["id"])), node_definition=definition_id
        )
        apply_settings(node, entry)
        interfaces: dict[str, Interface] = {}
        ports = _entries(entry, "interfaces") if entry.get("interfaces") else []
        for port in ports:
            interface = Interface(
                id=controller.ids.new(),
                node_id=node.id,
                label=str(port.get("label", port["id"])),
                slot=port.get("slot"),
                type=port.get("type", "physical"),
                mac_address=port.get("mac_address"),
            )
            node.interfaces[interface.id] = interfaces[str(port["id"])] = interface
        nodes[str(entry["id"])] = (node, interfaces)
    return nodes, warnings


def _links(
    controller: CMLController, document: Document, nodes: dict[str, tuple[Node, dict[str, Interface]]]
) -> dict[str, Link]:
    links: dict[str, Link] = {}
    for entry in _entries(document, "links"):
        try:
            node_a, ports_a = nodes[str(entry["n1"])]
            node_b, ports_b = nodes[str(entry["n2"])]
            link = join(
                node_a,
                ports_a[str(entry["i1"])],
                node_b,
                ports_b[str(entry["i2"])],
                link_id=controller.ids.new(),
            )
        except KeyError as missing:
            raise ApiError(400, f"Bad topology: link {entry['id']} refers to unknown {missing}.") from None
        link.label = entry.get("label") or link.label
        link.conditioning = object_of(entry.get("conditioning") or {}, "links", "conditioning")
        links[link.id] = link
    return links
