"""What the system says of itself."""

from functools import partial

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import Answer, Request, json_answer
from cmlfleet.simulator.controller.router import Access, Route
from cmlfleet.simulator.controller.views import system as views


def system_information(controller: CMLController, _request: Request) -> Answer:
    return controller.cached(
        ("system_information", controller.is_ready),
        lambda: json_answer(views.system_information(controller)),
    )


def system_stats(controller: CMLController, _request: Request) -> Answer:
    return controller.cached("system_stats", lambda: json_answer(views.system_stats(controller)), is_measured=True)


def system_health(controller: CMLController, request: Request) -> Answer:
    is_admin = request.caller.is_admin
    return controller.cached(
        ("system_health", is_admin, controller.phase()),
        lambda: json_answer(views.system_health(controller, is_admin=is_admin)),
    )


def maintenance_mode(controller: CMLController, _request: Request) -> Answer:
    return controller.cached("maintenance_mode", lambda: json_answer(views.maintenance_mode(controller)))


def compute_hosts(controller: CMLController, _request: Request) -> Answer:
    return json_answer(views.compute_hosts(controller))


_get = partial(Route, method="GET")

ROUTES = (
    _get(template="system_information", handler=system_information, access=Access.PUBLIC),
    _get(template="system_stats", handler=system_stats),
    _get(template="system_health", handler=system_health),
    _get(template="system/maintenance_mode", handler=maintenance_mode, access=Access.PUBLIC),
    _get(template="system/compute_hosts", handler=compute_hosts, access=Access.ADMIN),
)
