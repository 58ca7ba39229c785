"""The interfaces of nodes."""

from functools import partial

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import Answer, ApiError, Request, json_answer, no_content
from cmlfleet.simulator.controller.lab import Lab
from cmlfleet.simulator.controller.lab_elements import Interface, Node, interface_state
from cmlfleet.simulator.controller.lab_plan import add_physical
from cmlfleet.simulator.controller.node_catalogue import definition_of
from cmlfleet.simulator.controller.router import Route
from cmlfleet.simulator.controller.routes.labs import editable_lab, visible_lab
from cmlfleet.simulator.controller.validation import integer_of, required
from cmlfleet.simulator.controller.views import labs as views

_HIGHEST_SLOT = 128


def node_interfaces(controller: CMLController, request: Request) -> Answer:
    lab = visible_lab(controller, request)
    node = lab.node(request.parameters["node_id"])
    if not request.flag("data"):
        return json_answer(list(node.interfaces))
    return json_answer([views.interface(controller, lab, node, interface) for interface in node.interfaces.values()])


def lab_interfaces(controller: CMLController, request: Request) -> Answer:
    """Objects: Cisco's 2.10.1 client reads `id` and `operational` of each."""
    lab = visible_lab(controller, request)
    return json_answer([views.interface(controller, lab, node, interface) for node, interface in lab.interfaces()])


def create_interface(controller: CMLController, request: Request) -> Answer:
    """Without a slot the next one; with a slot all missing ones up to it, as a list."""
    lab = editable_lab(controller, request)
    body = request.json_object()
    node = lab.node(str(required(body, "node")))
    definition = definition_of(node.node_definition)
    taken = {interface.slot for interface in node.interfaces.values() if interface.slot is not None}
    if body.get("slot") is None:
        next_slot = next(slot for slot in range(_HIGHEST_SLOT + 1) if slot not in taken)
        interface = add_physical(node, definition, slot=next_slot, interface_id=controller.ids.new())
        interface_created(controller, lab, node, interface)
        return json_answer(views.interface(controller, lab, node, interface))
    highest = integer_of(body["slot"], location=("body", "slot"), lowest=0, highest=_HIGHEST_SLOT)
    made = [
        add_physical(node, definition, slot=slot, interface_id=controller.ids.new())
        for slot in range(highest + 1)
        if slot not in taken
    ]
    if not made:
        raise ApiError(400, f"Slot {highest} of node {node.id} is in use.")
    for interface in made:
        interface_created(controller, lab, node, interface)
    return json_answer([views.interface(controller, lab, node, interface) for interface in made])


def interface_created(controller: CMLController, lab: Lab, node: Node, interface: Interface) -> None:
    controller.journal.element_changed(
        lab,
        "CREATED",
        "Interface",
        interface.id,
        data=views.interface(controller, lab, node, interface),
        at=controller.clock.monotonic(),
    )


def get_interface(controller: CMLController, request: Request) -> Answer:
    lab = visible_lab(controller, request)
    node, interface = lab.interface(request.parameters["interface_id"])
    return json_answer(views.interface(controller, lab, node, interface))


def update_interface(controller: CMLController, request: Request) -> Answer:
    lab = editable_lab(controller, request)
    _, interface = lab.interface(request.parameters["interface_id"])
    interface.mac_address = request.json_object().get("mac_address")
    controller.journal.touch()
    return json_answer(interface.id)


def delete_interface(controller: CMLController, request: Request) -> Answer:
    lab = editable_lab(controller, request)
    node, interface = lab.interface(request.parameters["interface_id"])
    at = controller.clock.monotonic()
    if interface.link_id is not None:
        controller.labs.remove_link(lab, interface.link_id, at=at)
    del node.interfaces[interface.id]
    controller.journal.element_changed(lab, "DELETED", "Interface", interface.id, data={}, at=at)
    return no_content()


def interface_status(controller: CMLController, request: Request) -> Answer:
    node, interface = visible_lab(controller, request).interface(request.parameters["interface_id"])
    return json_answer({"label": interface.label, "state": interface_state(node, interface)})


def _switch_interface(controller: CMLController, request: Request, *, is_enabled: bool) -> Answer:
    lab = editable_lab(controller, request, "lab_exec")
    node, interface = lab.interface(request.parameters["interface_id"])
    interface.is_enabled = is_enabled
    controller.journal.interface_state_changed(lab, interface.id, state=interface_state(node, interface))
    return no_content()


_get = partial(Route, method="GET")
_put = partial(Route, method="PUT")
_INTERFACE = "labs/{lab_id}/interfaces/{interface_id}"

ROUTES = (
    _get(template="labs/{lab_id}/nodes/{node_id}/interfaces", handler=node_interfaces),
    _get(template="labs/{lab_id}/interfaces", handler=lab_interfaces),
    Route(method="POST", template="labs/{lab_id}/interfaces", handler=create_interface),
    _get(template=_INTERFACE, handler=get_interface),
    Route(method="PATCH", template=_INTERFACE, handler=update_interface),
    Route(method="DELETE", template=_INTERFACE, handler=delete_interface),
    _get(template=f"{_INTERFACE}/state", handler=interface_status),
    _put(template=f"{_INTERFACE}/state/start", handler=partial(_switch_interface, is_enabled=True)),
    _put(template=f"{_INTERFACE}/state/stop", handler=partial(_switch_interface, is_enabled=False)),
)
