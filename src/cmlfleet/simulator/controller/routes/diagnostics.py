"""Diagnostics, and the definitions a lab can be built of."""

from typing import Any

from cmlfleet.simulator.controller.boot import BootPhase
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import Answer, ApiError, Request, json_answer
from cmlfleet.simulator.controller.lab_elements import NodeState
from cmlfleet.simulator.controller.node_catalogue import NODE_DEFINITIONS, NodeDefinition, definition_of
from cmlfleet.simulator.controller.router import Access, Route, before_2_9, from_2_9
from cmlfleet.simulator.controller.views import diagnostics as views
from cmlfleet.simulator.controller.views import people
from cmlfleet.simulator.controller.views.licensing import license_usage, licensing


def computes(controller: CMLController) -> dict[str, Any]:
    return views.computes(controller)


def labs(controller: CMLController) -> dict[str, Any]:
    return {lab.id: views.lab(controller, lab) for lab in controller.labs}


def lab_events(controller: CMLController) -> dict[str, Any]:
    return {lab.id: lab.events for lab in controller.labs}


def node_launch_queue(controller: CMLController) -> list[dict[str, Any]]:
    now = controller.clock.monotonic()
    return [
        {
            "node_id": node.id,
            "lab_id": lab.id,
            "user_id": lab.owner_id,
            "queued_time": int(now - node.since[NodeState.QUEUED]),
            "priority": node.priority,
            "dependencies": [],
            "resource_requirements": _requirements(definition_of(node.node_definition)),
        }
        for lab in controller.labs
        if lab.plan is None
        for node in lab.nodes.values()
        if node.state is NodeState.QUEUED
    ]


def _requirements(definition: NodeDefinition) -> dict[str, int]:
    return {
        "cpus": definition.cpus,
        "cpu_limit": 100,
        "cpu_points": definition.cpus * 100,
        "ram": definition.ram_mb,
        "disk": definition.disk_gb,
    }


def services(_controller: CMLController) -> dict[str, bool]:
    return {"dispatcher": True, "termws": True}


def node_definitions(_controller: CMLController) -> list[dict[str, Any]]:
    return [
        {"id": definition.id, "images": [definition.image] if definition.image else []}
        for definition in NODE_DEFINITIONS.values()
    ]


def user_list(controller: CMLController) -> list[dict[str, Any]]:
    return [people.user(controller, user) for user in controller.users]


def startup_scheduler(controller: CMLController) -> dict[str, bool]:
    """The best answer to: why is it not ready?"""
    is_up = controller.phase() is BootPhase.READY
    return {
        "licensing_loaded": True,
        "core_driver_connected": True,
        "node_definitions_loaded": True,
        "lld_connected": is_up,
        "lld_synced": is_up,
        "system_ready": controller.is_ready,
    }


def dispatcher(_controller: CMLController) -> list[dict[str, Any]]:
    """Nobody has a console open."""
    return []


_CATEGORIES = {
    "computes": computes,
    "labs": labs,
    "lab_events": lab_events,
    "node_launch_queue": node_launch_queue,
    "services": services,
    "node_definitions": node_definitions,
    "user_list": user_list,
    "licensing": license_usage,
    "startup_scheduler": startup_scheduler,
}
_CATEGORIES_OF_2_10 = {"dispatcher": dispatcher, "licensing_status": licensing}


def diagnostics(controller: CMLController, request: Request) -> Answer:
    category = request.parameters["category"]
    known = _CATEGORIES | (_CATEGORIES_OF_2_10 if controller.version.is_at_least_2_10 else {})
    reader = known.get(category)
    if reader is None:
        raise ApiError(404, f"Diagnostics category not found: {category}")
    return json_answer(reader(controller))


def all_diagnostics(controller: CMLController, _request: Request) -> Answer:
    """One big document, before 2.9."""
    return json_answer({category: reader(controller) for category, reader in _CATEGORIES.items()})


def list_node_definitions(_controller: CMLController, _request: Request) -> Answer:
    return json_answer([views.node_definition(definition) for definition in NODE_DEFINITIONS.values()])


def get_node_definition(_controller: CMLController, request: Request) -> Answer:
    definition = NODE_DEFINITIONS.get(request.parameters["definition_id"])
    if definition is None:
        raise ApiError(404, f"Node definition not found: {request.parameters['definition_id']}")
    return json_answer(views.node_definition(definition))


def list_image_definitions(_controller: CMLController, _request: Request) -> Answer:
    return json_answer(
        [views.image_definition(definition) for definition in NODE_DEFINITIONS.values() if definition.image]
    )


def sample_labs(_controller: CMLController, _request: Request) -> Answer:
    """None come with this system."""
    return json_answer({})


ROUTES = (
    Route(
        method="GET",
        template="diagnostics/{category}",
        handler=diagnostics,
        access=Access.ADMIN,
        exists=from_2_9,
    ),
    Route(method="GET", template="diagnostics", handler=all_diagnostics, access=Access.ADMIN, exists=before_2_9),
    Route(method="GET", template="node_definitions", handler=list_node_definitions),
    Route(method="GET", template="node_definitions/{definition_id}", handler=get_node_definition),
    Route(method="GET", template="image_definitions", handler=list_image_definitions),
    Route(method="GET", template="sample/labs", handler=sample_labs),
)
