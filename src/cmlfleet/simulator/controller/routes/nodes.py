"""Nodes."""

from functools import partial
from typing import Any

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import Answer, ApiError, Request, json_answer, no_content
from cmlfleet.simulator.controller.lab import Lab
from cmlfleet.simulator.controller.lab_elements import Node
from cmlfleet.simulator.controller.lab_plan import populate_interfaces
from cmlfleet.simulator.controller.node_catalogue import NODE_DEFINITIONS
from cmlfleet.simulator.controller.node_settings import SETTING_KEYS, apply_settings
from cmlfleet.simulator.controller.router import Route, from_2_9
from cmlfleet.simulator.controller.routes.interfaces import interface_created
from cmlfleet.simulator.controller.routes.labs import editable_lab, refuse_above_quota, visible_lab
from cmlfleet.simulator.controller.validation import refuse_unknown_keys, text_of
from cmlfleet.simulator.controller.views import lab_activity
from cmlfleet.simulator.controller.views import labs as views

_NODE_LIMIT = 20_000_000  # bytes: a node may bring a long configuration
_LONGEST_DEFINITION = 250


def _visible_node(controller: CMLController, request: Request) -> tuple[Lab, Node]:
    lab = visible_lab(controller, request)
    return lab, lab.node(request.parameters["node_id"])


def _editable_node(controller: CMLController, request: Request, permission: str = "lab_edit") -> tuple[Lab, Node]:
    lab = editable_lab(controller, request, permission)
    return lab, lab.node(request.parameters["node_id"])


def list_nodes(controller: CMLController, request: Request) -> Answer:
    """Ids; objects with `data=true`."""
    lab = visible_lab(controller, request)
    if not request.flag("data"):
        return json_answer(list(lab.nodes))
    return json_answer([_view(controller, request, lab, node) for node in lab.nodes.values()])


def all_nodes(controller: CMLController, request: Request) -> Answer:
    """Of all labs the caller sees."""
    labs = [lab for lab in controller.labs if views.permissions(lab, request.caller)]
    return json_answer([_view(controller, request, lab, node) for lab in labs for node in lab.nodes.values()])


def _view(controller: CMLController, request: Request, lab: Lab, node: Node) -> dict[str, Any]:
    return views.node(
        controller,
        lab,
        node,
        is_operational=request.flag("operational") is not False or not controller.version.is_at_least_2_10,
        exclude_configurations=request.flag("exclude_configurations", default=None),
    )


def create_node(controller: CMLController, request: Request) -> Answer:
    lab = editable_lab(controller, request)
    body = request.json_object()
    if controller.version.is_closed_schema:
        refuse_unknown_keys(body, allowed={*SETTING_KEYS, "node_definition"})
    definition_id = text_of(body, "node_definition", shortest=1, longest=_LONGEST_DEFINITION)
    definition = NODE_DEFINITIONS.get(definition_id)
    if definition is None:
        raise ApiError(404, f"Node definition not found: {definition_id}")
    node = Node(
        id=controller.ids.new(),
        label=f"{definition_id}-{len(lab.nodes)}",
        node_definition=definition_id,
    )
    apply_settings(node, body)
    if request.flag("populate_interfaces"):
        populate_interfaces(node, definition)
    lab.nodes[node.id] = node
    at = controller.clock.monotonic()
    controller.journal.element_changed(lab, "CREATED", "Node", node.id, data=views.node(controller, lab, node), at=at)
    for interface in node.interfaces.values():
        interface_created(controller, lab, node, interface)
    return json_answer({"id": node.id})


def get_node(controller: CMLController, request: Request) -> Answer:
    lab, node = _visible_node(controller, request)
    return json_answer(_view(controller, request, lab, node))


def update_node(controller: CMLController, request: Request) -> Answer:
    """Answers the id alone."""
    lab, node = _editable_node(controller, request)
    body = request.json_object()
    if controller.version.is_closed_schema:
        refuse_unknown_keys(body, allowed=SETTING_KEYS)
    apply_settings(node, body)
    controller.journal.element_changed(lab, "MODIFIED", "Node", node.id, data=body, at=controller.clock.monotonic())
    return json_answer(node.id)


def delete_node(controller: CMLController, request: Request) -> Answer:
    lab, node = _editable_node(controller, request)
    controller.labs.remove_node(lab, node, at=controller.clock.monotonic())
    return no_content()


def node_state(controller: CMLController, request: Request) -> Answer:
    _, node = _visible_node(controller, request)
    return json_answer({"state": node.state, "progress": node.boot_progress})


def is_converged(controller: CMLController, request: Request) -> Answer:
    _, node = _visible_node(controller, request)
    return json_answer(node.is_converged)


def start_node(controller: CMLController, request: Request) -> Answer:
    lab, node = _editable_node(controller, request, "lab_exec")
    refuse_above_quota(controller, 0 if node.is_active else 1)
    controller.life.start(lab, [node], at=controller.clock.monotonic())
    return no_content()


def stop_node(controller: CMLController, request: Request) -> Answer:
    lab, node = _editable_node(controller, request, "lab_exec")
    controller.life.stop(lab, [node], at=controller.clock.monotonic())
    return no_content()


def wipe_node(controller: CMLController, request: Request) -> Answer:
    lab, node = _editable_node(controller, request, "lab_exec")
    controller.life.wipe(lab, [node], at=controller.clock.monotonic())
    return no_content()


def extract_configuration(controller: CMLController, request: Request) -> Answer:
    _, node = _editable_node(controller, request)
    if not node.is_running:
        raise ApiError(400, f"Node {node.id} is not running.")
    return no_content()


def console_key(controller: CMLController, request: Request) -> Answer:
    _, node = _visible_node(controller, request)
    return json_answer(controller.ids.named("console", node.id))


def console_log(controller: CMLController, request: Request) -> Answer:
    _, node = _visible_node(controller, request)
    return json_answer([{"time": 0, "message": f"{node.label} {node.boot_progress.lower()}"}])


def vnc_key(controller: CMLController, request: Request) -> Answer:
    _, node = _visible_node(controller, request)
    raise ApiError(400, f"Node {node.id} has no graphical console.")


def node_addresses(controller: CMLController, request: Request) -> Answer:
    _, node = _visible_node(controller, request)
    return json_answer(lab_activity.node_addresses(controller, node))


def forget_addresses(controller: CMLController, request: Request) -> Answer:
    _visible_node(controller, request)
    return no_content()


_get = partial(Route, method="GET")
_put = partial(Route, method="PUT")
_NODE = "labs/{lab_id}/nodes/{node_id}"

ROUTES = (
    _get(template="nodes", handler=all_nodes, exists=from_2_9),
    _get(template="labs/{lab_id}/nodes", handler=list_nodes),
    Route(method="POST", template="labs/{lab_id}/nodes", handler=create_node, longest_body=_NODE_LIMIT),
    _get(template=_NODE, handler=get_node),
    Route(method="PATCH", template=_NODE, handler=update_node, longest_body=_NODE_LIMIT),
    Route(method="DELETE", template=_NODE, handler=delete_node),
    _get(template=f"{_NODE}/state", handler=node_state),
    _get(template=f"{_NODE}/check_if_converged", handler=is_converged),
    _put(template=f"{_NODE}/state/start", handler=start_node),
    _put(template=f"{_NODE}/state/stop", handler=stop_node),
    _put(template=f"{_NODE}/wipe_disks", handler=wipe_node),
    _put(template=f"{_NODE}/extract_configuration", handler=extract_configuration),
    _get(template=f"{_NODE}/keys/console", handler=console_key),
    _get(template=f"{_NODE}/keys/vnc", handler=vnc_key),
    _get(template=f"{_NODE}/consoles/{{console_id}}/log", handler=console_log),
    _get(template=f"{_NODE}/layer3_addresses", handler=node_addresses),
    Route(method="DELETE", template=f"{_NODE}/layer3_addresses", handler=forget_addresses),
)
