"""Links between interfaces, and the conditions on them."""

from functools import partial

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import Answer, ApiError, Request, json_answer, no_content
from cmlfleet.simulator.controller.lab_plan import join
from cmlfleet.simulator.controller.router import Route
from cmlfleet.simulator.controller.routes.labs import editable_lab, visible_lab
from cmlfleet.simulator.controller.validation import refuse_unknown_keys, required
from cmlfleet.simulator.controller.views import labs as views


def list_links(controller: CMLController, request: Request) -> Answer:
    """Ids; objects with `data=true`."""
    lab = visible_lab(controller, request)
    if not request.flag("data"):
        return json_answer(list(lab.links))
    return json_answer([views.link(lab, link) for link in lab.links.values()])


def create_link(controller: CMLController, request: Request) -> Answer:
    lab = editable_lab(controller, request)
    body = request.json_object()
    if controller.version.is_closed_schema:
        refuse_unknown_keys(body, allowed=("src_int", "dst_int"))
    node_a, a = lab.interface(str(required(body, "src_int")))
    node_b, b = lab.interface(str(required(body, "dst_int")))
    for interface in (a, b):
        if interface.link_id is not None:
            raise ApiError(400, f"Interface {interface.id} is already connected.")
        if interface.type != "physical":
            raise ApiError(400, f"Interface {interface.id} cannot be connected.")
    if node_a is node_b:
        raise ApiError(400, "A link needs two nodes.")
    link = join(node_a, a, node_b, b, link_id=controller.ids.new())
    lab.links[link.id] = link
    view = views.link(lab, link)
    controller.journal.element_changed(lab, "CREATED", "Link", link.id, data=view, at=controller.clock.monotonic())
    return json_answer(view)


def get_link(controller: CMLController, request: Request) -> Answer:
    lab = visible_lab(controller, request)
    return json_answer(views.link(lab, lab.link(request.parameters["link_id"])))


def delete_link(controller: CMLController, request: Request) -> Answer:
    lab = editable_lab(controller, request)
    controller.labs.remove_link(lab, request.parameters["link_id"], at=controller.clock.monotonic())
    return no_content()


def link_state(controller: CMLController, request: Request) -> Answer:
    lab = visible_lab(controller, request)
    link = lab.link(request.parameters["link_id"])
    return json_answer({"state": lab.state_of_link(link), "label": link.label})


def is_converged(controller: CMLController, request: Request) -> Answer:
    visible_lab(controller, request).link(request.parameters["link_id"])
    return json_answer(True)


def _switch(controller: CMLController, request: Request, *, is_enabled: bool) -> Answer:
    lab = editable_lab(controller, request, "lab_exec")
    link = lab.link(request.parameters["link_id"])
    link.is_enabled = is_enabled
    controller.journal.link_state_changed(lab, link.id, state=lab.state_of_link(link))
    return no_content()


def get_condition(controller: CMLController, request: Request) -> Answer:
    link = visible_lab(controller, request).link(request.parameters["link_id"])
    return json_answer({"enabled": False, **link.conditioning, "operational": None})


def set_condition(controller: CMLController, request: Request) -> Answer:
    link = editable_lab(controller, request).link(request.parameters["link_id"])
    link.conditioning = {"enabled": True, **link.conditioning, **request.json_object()}
    controller.journal.touch()
    return json_answer({**link.conditioning, "operational": None})


def delete_condition(controller: CMLController, request: Request) -> Answer:
    link = editable_lab(controller, request).link(request.parameters["link_id"])
    link.conditioning = {}
    controller.journal.touch()
    return no_content()


def capture_status(controller: CMLController, request: Request) -> Answer:
    """Packet captures are not played."""
    visible_lab(controller, request).link(request.parameters["link_id"])
    return json_answer({"config": {}, "starttime": None, "packetscaptured": 0})


_get = partial(Route, method="GET")
_put = partial(Route, method="PUT")
_LINK = "labs/{lab_id}/links/{link_id}"

ROUTES = (
    _get(template="labs/{lab_id}/links", handler=list_links),
    Route(method="POST", template="labs/{lab_id}/links", handler=create_link),
    _get(template=_LINK, handler=get_link),
    Route(method="DELETE", template=_LINK, handler=delete_link),
    _get(template=f"{_LINK}/state", handler=link_state),
    _get(template=f"{_LINK}/check_if_converged", handler=is_converged),
    _put(template=f"{_LINK}/state/start", handler=partial(_switch, is_enabled=True)),
    _put(template=f"{_LINK}/state/stop", handler=partial(_switch, is_enabled=False)),
    _get(template=f"{_LINK}/condition", handler=get_condition),
    Route(method="PATCH", template=f"{_LINK}/condition", handler=set_condition),
    Route(method="DELETE", template=f"{_LINK}/condition", handler=delete_condition),
    _get(template=f"{_LINK}/capture/status", handler=capture_status),
)
