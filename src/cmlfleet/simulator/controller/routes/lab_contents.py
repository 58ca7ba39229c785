"""What is in a lab: topology, export and import, activity, and what belongs to it."""

from functools import partial
from typing import Any

import yaml

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import YAML, Answer, Request, json_answer, no_content, not_found
from cmlfleet.simulator.controller.router import Route, before_2_9, from_2_8, from_2_9
from cmlfleet.simulator.controller.routes.labs import checked_associations, editable_lab, visible_lab
from cmlfleet.simulator.controller.topology_export import exported_yaml, live_topology
from cmlfleet.simulator.controller.topology_import import import_topology
from cmlfleet.simulator.controller.validation import objects_of
from cmlfleet.simulator.controller.views import lab_activity

_IMPORT_LIMIT = 20_000_000  # bytes: nginx allows that much for imports


def topology(controller: CMLController, request: Request) -> Answer:
    lab = visible_lab(controller, request)
    exclude = request.flag("exclude_configurations", default=None)
    return controller.cached(
        ("topology", lab.id, exclude),
        lambda: json_answer(live_topology(controller, lab, exclude_configurations=exclude)),
    )


def download(controller: CMLController, request: Request) -> Answer:
    """YAML text, not JSON."""
    text = exported_yaml(controller, visible_lab(controller, request))
    return Answer(status=200, body=text.encode(), content_type=YAML)


def import_lab(controller: CMLController, request: Request) -> Answer:
    lab, warnings = import_topology(
        controller, request.text, title=request.query("title"), owner_id=request.caller.id
    )
    return json_answer({"id": lab.id, "warnings": warnings})


def simulation_stats(controller: CMLController, request: Request) -> Answer:
    return json_answer(lab_activity.simulation_stats(controller, visible_lab(controller, request)))


def layer3_addresses(controller: CMLController, request: Request) -> Answer:
    return json_answer(lab_activity.layer3_addresses(controller, visible_lab(controller, request)))


def forget_addresses(controller: CMLController, request: Request) -> Answer:
    visible_lab(controller, request)
    return no_content()


def resource_pools(controller: CMLController, request: Request) -> Answer:
    visible_lab(controller, request)
    return json_answer([])


def connector_mappings(controller: CMLController, request: Request) -> Answer:
    """The keys which the lab's external connectors use; all lead to the one bridge there is."""
    lab = visible_lab(controller, request)
    used = any(node.node_definition == "external_connector" for node in lab.nodes.values())
    mapping = {
        "key": "NAT",
        "device_name": "virbr0",
        "label": "NAT",
        "tags": ["NAT"],
        "allowed": True,
    }
    return json_answer([mapping] if used else [])


def bootstrap(controller: CMLController, request: Request) -> Answer:
    """Builds a first configuration for nodes that have none. Cisco's 2.10.1 client asks with GET."""
    lab = editable_lab(controller, request)
    for node in lab.nodes.values():
        if not node.configuration and node.node_definition.startswith("io"):
            node.configuration = [{"name": "ios_config.txt", "content": f"hostname {node.label}\n"}]
    controller.journal.touch()
    return no_content()


def pyats_testbed(controller: CMLController, request: Request) -> Answer:
    lab = visible_lab(controller, request)
    testbed = {
        "testbed": {"name": lab.title},
        "devices": {node.label: {"os": node.node_definition, "type": "router"} for node in lab.nodes.values()},
    }
    return Answer(status=200, body=yaml.safe_dump(testbed).encode(), content_type=YAML)


def associations(controller: CMLController, request: Request) -> Answer:
    lab = visible_lab(controller, request)
    return json_answer({"groups": [], "users": [], **lab.associations})


def set_associations(controller: CMLController, request: Request) -> Answer:
    lab = editable_lab(controller, request, "lab_admin")
    lab.associations = {**lab.associations, **checked_associations(request.json())}
    controller.journal.touch()
    return json_answer({"groups": [], "users": [], **lab.associations})


def groups(controller: CMLController, request: Request) -> Answer:
    return json_answer(visible_lab(controller, request).associations.get("groups", []))


def set_groups(controller: CMLController, request: Request) -> Answer:
    lab = editable_lab(controller, request, "lab_admin")
    wanted = objects_of(request.json())
    lab.associations = {**lab.associations, "groups": wanted}
    controller.journal.touch()
    return json_answer(wanted)


def _annotation_routes(collection: str, attribute: str, element_type: str) -> tuple[Route, ...]:
    exists = from_2_8 if attribute == "smart_annotations" else None

    def kept(controller: CMLController, request: Request) -> dict[str, dict[str, Any]]:
        return getattr(visible_lab(controller, request), attribute)

    def one(controller: CMLController, request: Request) -> dict[str, Any]:
        found = kept(controller, request).get(request.parameters["annotation_id"])
        if found is None:
            raise not_found(element_type, request.parameters["annotation_id"])
        return found

    def listed(controller: CMLController, request: Request) -> Answer:
        return json_answer(list(kept(controller, request).values()))

    def created(controller: CMLController, request: Request) -> Answer:
        editable_lab(controller, request)
        identifier = controller.ids.new()
        kept(controller, request)[identifier] = made = {**request.json_object(), "id": identifier}
        controller.journal.touch()
        return json_answer(made)

    def read(controller: CMLController, request: Request) -> Answer:
        return json_answer(one(controller, request))

    def changed(controller: CMLController, request: Request) -> Answer:
        editable_lab(controller, request)
        one(controller, request).update(request.json_object())
        controller.journal.touch()
        return json_answer(one(controller, request))

    def removed(controller: CMLController, request: Request) -> Answer:
        editable_lab(controller, request)
        del kept(controller, request)[one(controller, request)["id"]]
        controller.journal.touch()
        return no_content()

    make = Route if exists is None else partial(Route, exists=exists)
    whole, single = f"labs/{{lab_id}}/{collection}", f"labs/{{lab_id}}/{collection}/{{annotation_id}}"
    return (
        make(method="GET", template=whole, handler=listed),
        make(method="POST", template=whole, handler=created),
        make(method="GET", template=single, handler=read),
        make(method="PATCH", template=single, handler=changed),
        make(method="DELETE", template=single, handler=removed),
    )


_get = partial(Route, method="GET")

ROUTES = (
    _get(template="labs/{lab_id}/topology", handler=topology),
    _get(template="labs/{lab_id}/download", handler=download),
    Route(method="POST", template="import", handler=import_lab, longest_body=_IMPORT_LIMIT),
    _get(template="labs/{lab_id}/simulation_stats", handler=simulation_stats),
    _get(template="labs/{lab_id}/layer3_addresses", handler=layer3_addresses),
    Route(method="DELETE", template="labs/{lab_id}/layer3_addresses", handler=forget_addresses),
    _get(template="labs/{lab_id}/resource_pools", handler=resource_pools),
    _get(template="labs/{lab_id}/connector_mappings", handler=connector_mappings),
    Route(method="PUT", template="labs/{lab_id}/bootstrap", handler=bootstrap),
    _get(template="labs/{lab_id}/bootstrap", handler=bootstrap),
    _get(template="labs/{lab_id}/pyats_testbed", handler=pyats_testbed),
    _get(template="labs/{lab_id}/associations", handler=associations, exists=from_2_9),
    Route(method="PATCH", template="labs/{lab_id}/associations", handler=set_associations, exists=from_2_9),
    _get(template="labs/{lab_id}/groups", handler=groups, exists=before_2_9),
    Route(method="PUT", template="labs/{lab_id}/groups", handler=set_groups, exists=before_2_9),
    *_annotation_routes("annotations", "annotations", "Annotation"),
    *_annotation_routes("smart_annotations", "smart_annotations", "SmartAnnotation"),
)
