"""What an administrator sees to: hosts, notices, maintenance, connectors, telemetry."""

from functools import partial
from typing import Any

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import (
    Answer,
    ApiError,
    InvalidInputError,
    Request,
    json_answer,
    no_content,
    not_found,
)
from cmlfleet.simulator.controller.hosts import ComputeHost
from cmlfleet.simulator.controller.router import Access, Route
from cmlfleet.simulator.controller.validation import nullable_text_of, refuse_unknown_keys, required, text_of
from cmlfleet.simulator.controller.views import system as views

_ADMISSION_STATES = ("UNREGISTERED", "REGISTERED", "ONLINE", "READY")
_NOTICE_LEVELS = ("INFO", "SUCCESS", "WARNING", "ERROR")
_LONGEST_LABEL = 128
_OPT_INS: dict[str, bool | None] = {"accepted": True, "declined": False, "unset": None}


def get_host(controller: CMLController, request: Request) -> Answer:
    return json_answer(_host_view(controller, _host(controller, request)))


def update_host(controller: CMLController, request: Request) -> Answer:
    host = _host(controller, request)
    host.admission_state = _admission_state(request)
    controller.journal.touch()
    return json_answer(_host_view(controller, host))


def delete_host(controller: CMLController, request: Request) -> Answer:
    """Only an unregistered one can go."""
    host = _host(controller, request)
    if host.admission_state != "UNREGISTERED" or host.is_controller:
        raise ApiError(409, f"Compute host {host.hostname} is {host.admission_state}.")
    controller.hosts.remove(host)
    controller.journal.touch()
    return no_content()


def host_configuration(controller: CMLController, _request: Request) -> Answer:
    return json_answer({"admission_state": controller.administration.new_host_state})


def set_host_configuration(controller: CMLController, request: Request) -> Answer:
    controller.administration.new_host_state = _admission_state(request)
    return json_answer({"admission_state": controller.administration.new_host_state})


def list_notices(controller: CMLController, _request: Request) -> Answer:
    return json_answer(list(controller.administration.notices.values()))


def create_notice(controller: CMLController, request: Request) -> Answer:
    body = request.json_object()
    refuse_unknown_keys(body, allowed=("level", "label", "content", "enabled", "groups"))
    notice = views.new_notice(
        controller.ids.new(),
        level=_level(body),
        label=text_of(body, "label", shortest=1, longest=_LONGEST_LABEL),
        content=body.get("content", ""),
        is_enabled=body.get("enabled", False),
        groups=body.get("groups"),
    )
    controller.administration.notices[notice["id"]] = notice
    controller.journal.touch()
    return json_answer(notice)


def get_notice(controller: CMLController, request: Request) -> Answer:
    return json_answer(_notice(controller, request))


def update_notice(controller: CMLController, request: Request) -> Answer:
    notice = _notice(controller, request)
    body = request.json_object()
    if "level" in body:
        _level(body)
    notice.update({key: value for key, value in body.items() if key in notice and key != "id"})
    controller.journal.touch()
    return json_answer(notice)


def delete_notice(controller: CMLController, request: Request) -> Answer:
    notice = _notice(controller, request)
    del controller.administration.notices[notice["id"]]
    controller.journal.touch()
    return no_content()


def set_maintenance_mode(controller: CMLController, request: Request) -> Answer:
    body = request.json_object()
    refuse_unknown_keys(body, allowed=("maintenance_mode", "notice"))
    administration = controller.administration
    controller.set_maintenance(
        is_on=bool(body.get("maintenance_mode", administration.maintenance_mode)),
        notice_id=nullable_text_of(body.get("notice", administration.maintenance_notice_id), "notice"),
    )
    return json_answer(views.maintenance_mode(controller))


def external_connectors(controller: CMLController, _request: Request) -> Answer:
    """The NAT bridge that each installation has."""
    return json_answer(
        [
            {
                "id": controller.ids.named("connector"),
                "label": "NAT",
                "device_name": "virbr0",
                "allowed": True,
                "protected": False,
                "snooped": True,
                "tags": ["NAT"],
                "operational": {
                    "label": "NAT",
                    "interface": None,
                    "forwarding": "NAT",
                    "mtu": 1500,
                    "exists": True,
                    "enabled": True,
                    "stp": False,
                    "protected": False,
                    "snooped": True,
                    "ip_networks": ["192.168.255.1/24"],
                },
            }
        ]
    )


def telemetry(controller: CMLController, _request: Request) -> Answer:
    opt_in = controller.administration.telemetry_opt_in
    shown = next(word for word, value in _OPT_INS.items() if value is opt_in)
    return json_answer(
        {"opt_in": shown if controller.version.is_at_least_2_10 else opt_in, "show_modal": opt_in is None}
    )


def set_telemetry(controller: CMLController, request: Request) -> Answer:
    value: Any = required(request.json_object(), "opt_in")
    if isinstance(value, str) and value.lower() in _OPT_INS:
        value = _OPT_INS[value.lower()]
    if value is not None and not isinstance(value, bool):
        raise InvalidInputError(location=("body", "opt_in"), kind="enum", message="Input should be a valid state")
    controller.administration.telemetry_opt_in = value
    return no_content()


def telemetry_events(controller: CMLController, _request: Request) -> Answer:
    """Every start, stop and wipe there was, oldest first; no filter and no paging, as on the real one."""
    return json_answer(
        [
            {
                "category": _CATEGORIES[event["data"]["state"]],
                "timestamp": event["timestamp"],
                "data": {"lab_id": event["lab_id"], "node_id": event["element_id"]},
            }
            for event in controller.labs.event_history()
            if event["event"] == "state" and event["element_type"] == "Node" and event["data"]["state"] in _CATEGORIES
        ]
    )


_CATEGORIES = {
    "QUEUED": "queue_node",
    "STARTED": "start_node",
    "BOOTED": "boot_node",
    "STOPPED": "stop_node",
    "DEFINED_ON_CORE": "wipe_node",
}


def _host(controller: CMLController, request: Request) -> ComputeHost:
    for host in controller.hosts:
        if host.id == request.parameters["host_id"]:
            return host
    raise not_found("ComputeHost", request.parameters["host_id"])


def _host_view(controller: CMLController, host: ComputeHost) -> dict[str, Any]:
    measured = controller.statistics().get(host.id)
    return views.compute_host(controller, host, measured, is_connected=host.is_connected)


def _admission_state(request: Request) -> str:
    state = required(request.json_object(), "admission_state")
    if state not in _ADMISSION_STATES:
        raise InvalidInputError(
            location=("body", "admission_state"),
            kind="enum",
            message=f"Input should be one of {', '.join(_ADMISSION_STATES)}",
        )
    return state


def _level(body: dict[str, Any]) -> str:
    level = required(body, "level")
    if level not in _NOTICE_LEVELS:
        raise InvalidInputError(
            location=("body", "level"),
            kind="enum",
            message=f"Input should be one of {', '.join(_NOTICE_LEVELS)}",
        )
    return level


def _notice(controller: CMLController, request: Request) -> dict[str, Any]:
    identifier = request.parameters["notice_id"]
    notice = controller.administration.notices.get(identifier)
    if notice is None:
        raise not_found("SystemNotice", identifier)
    return notice


_get = partial(Route, method="GET")
_admin = partial(Route, access=Access.ADMIN)
_HOST = "system/compute_hosts/{host_id}"
_NOTICE = "system/notices/{notice_id}"

ROUTES = (
    _admin(method="GET", template="system/compute_hosts/configuration", handler=host_configuration),
    _admin(method="PATCH", template="system/compute_hosts/configuration", handler=set_host_configuration),
    _admin(method="GET", template=_HOST, handler=get_host),
    _admin(method="PATCH", template=_HOST, handler=update_host),
    _admin(method="DELETE", template=_HOST, handler=delete_host),
    _get(template="system/notices", handler=list_notices),
    _admin(method="POST", template="system/notices", handler=create_notice),
    _get(template=_NOTICE, handler=get_notice),
    _admin(method="PATCH", template=_NOTICE, handler=update_notice),
    _admin(method="DELETE", template=_NOTICE, handler=delete_notice),
    _admin(method="PATCH", template="system/maintenance_mode", handler=set_maintenance_mode),
    _get(template="system/external_connectors", handler=external_connectors),
    _admin(method="PUT", template="system/external_connectors", handler=external_connectors),
    _admin(method="GET", template="telemetry", handler=telemetry),
    _admin(method="PUT", template="telemetry", handler=set_telemetry),
    _admin(method="GET", template="telemetry/events", handler=telemetry_events),
)
