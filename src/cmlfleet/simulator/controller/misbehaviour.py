"""The faults of answers: instead of the API's own, or done to it on its way out."""

from typing import Any, cast

import orjson

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import HTML, JSON, Answer, ApiError, Delivery, html_answer
from cmlfleet.simulator.controller.router import PREFIX
from cmlfleet.simulator.fault_catalogue import FaultName

_MEGABYTE = 1_000_000
_ELSEWHERE = "https://127.255.255.254/api/v0/"  # on this machine, where nobody listens

_GATEWAY_FAULTS = (
    (FaultName.BAD_GATEWAY, 502),
    (FaultName.SERVICE_UNAVAILABLE, 503),
    (FaultName.GATEWAY_TIMEOUT, 504),
)

_OPTIONAL_KEYS = frozenset(
    {
        "allow_ssh_pubkey_auth",
        "all",
        "dominfo",
        "features",
        "hyperthreading",
        "is_enterprise",
        "lab_description",
        "lab_notes",
        "link_count",
        "load",
        "model",
        "node_count",
        "oui",
        "owner_fullname",
        "owner_username",
        "predicted",
        "product_license",
        "transport",
        "udi",
    }
)
_FUTURE = {"future_field": {"nested": [1, "two", None]}}


def before_the_api(controller: CMLController, path: str) -> Answer | None:
    """The answer that a fault gives in the API's place, or None."""
    if controller.fault(FaultName.HANGING) or controller.fault(FaultName.HALF_OPEN):
        return Answer(status=0, delivery=Delivery.NEVER)
    if controller.fault(FaultName.CLOSED_EARLY):
        return Answer(status=0, delivery=Delivery.CLOSED)
    for name, status in _GATEWAY_FAULTS:
        if controller.fault(name):
            return html_answer(status)
    redirect = controller.fault(FaultName.REDIRECT)
    if redirect is not None:
        location = redirect.text("location", _ELSEWHERE)
        return Answer(status=302, content_type=HTML, headers=(("Location", location),))
    if controller.fault(FaultName.INTERNAL_ERROR):
        return ApiError(500, "Internal Server Error").answer
    partly = controller.fault(FaultName.PART_FAILING)
    if partly is not None and partly.text("route", "/labs") in path.removeprefix(PREFIX):
        return ApiError(500, "Internal Server Error").answer
    if controller.fault(FaultName.HTML):
        page = b"<!doctype html><html><head><title>Cisco Modeling Labs</title></head><body></body></html>"
        return Answer(status=200, content_type=HTML, body=page)
    if controller.fault(FaultName.ENDLESS_BODY):
        return Answer(status=200, body=b'["', delivery=Delivery.ENDLESS)
    return None


def after_the_api(controller: CMLController, given: Answer) -> Answer:
    """The API's answer with what a fault does to it."""
    body = given.body
    if given.content_type == JSON and body:
        if controller.fault(FaultName.UNKNOWN_FIELDS):
            body = orjson.dumps(_with_unknown_fields(orjson.loads(body)))
        if controller.fault(FaultName.MISSING_FIELDS):
            body = orjson.dumps(_without_optional_fields(orjson.loads(body)))
        huge = controller.fault(FaultName.HUGE_BODY)
        if huge is not None:
            body = body + b" " * int(huge.number("megabytes", 64) * _MEGABYTE)
        if controller.fault(FaultName.CUT_OFF_JSON):
            body = body[: len(body) // 2]
    changed = Answer(
        status=given.status,
        body=body,
        content_type=given.content_type,
        headers=given.headers,
        takes_seconds=given.takes_seconds,
    )
    slow = controller.fault(FaultName.SLOW)
    if slow is not None:
        changed.takes_seconds += slow.number("seconds", 5)
    drip = controller.fault(FaultName.SLOW_DRIP)
    if drip is not None:
        changed.delivery = Delivery.DRIPPING
        changed.drip_seconds = drip.number("seconds", 0.5)
    return changed


def _with_unknown_fields(value: Any) -> Any:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {**{key: _with_unknown_fields(item) for key, item in fields.items()}, **_FUTURE}
    if isinstance(value, list):
        return [_with_unknown_fields(item) for item in cast("list[Any]", value)]
    return value


def _without_optional_fields(value: Any) -> Any:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {key: _without_optional_fields(item) for key, item in fields.items() if key not in _OPTIONAL_KEYS}
    if isinstance(value, list):
        return [_without_optional_fields(item) for item in cast("list[Any]", value)]
    return value
