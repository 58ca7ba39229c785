"""Smart Licensing: administrators only."""

import re
from typing import Any, cast

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import (
    Answer,
    ApiError,
    InvalidInputError,
    Request,
    json_answer,
    no_content,
)
from cmlfleet.simulator.controller.licensing import DEREGISTRATION_SECONDS
from cmlfleet.simulator.controller.router import Access, Handler, Route
from cmlfleet.simulator.controller.validation import (
    integer_of,
    nullable_text_of,
    object_of,
    refuse_unknown_keys,
    required,
    text_of,
)
from cmlfleet.simulator.controller.views import licensing as views
from cmlfleet.simulator.fault_catalogue import FaultName

_TOKEN = re.compile(r"^[a-zA-Z\d+/%=-]{1,256}$")
_PRODUCT = re.compile(r"^[a-zA-Z0-9_]{1,20}$")
_URL = re.compile(r"^https?://[\w.\[\]:-]+(/[\w.-]+)+$")
_LONGEST_TOKEN = 256
_MOST_FEATURES = 2
_HIGHEST_PORT = 65_535
_HIGHEST_COUNT = 10**6


def status(controller: CMLController, _request: Request) -> Answer:
    return controller.cached("licensing", lambda: json_answer(views.licensing(controller)))


def features(controller: CMLController, _request: Request) -> Answer:
    return json_answer(views.features(controller))


def tech_support(controller: CMLController, _request: Request) -> Answer:
    state = controller.licensing
    return json_answer(
        f"Smart Licensing Tech Support info\nRegistration: {state.registration_status}\n"
        f"Authorization: {state.authorization_status}\n"
    )


def set_product_license(controller: CMLController, request: Request) -> Answer:
    name = request.json()
    if not isinstance(name, str) or not _PRODUCT.match(name):
        raise _pattern_mismatch(("body",), _PRODUCT)
    controller.licensing.set_product_license(name)
    return no_content()


def register(controller: CMLController, request: Request) -> Answer:
    """Accepted at once; a bad token as well, whose refusal shows in the status later."""
    body = request.json_object()
    refuse_unknown_keys(body, allowed=("token", "reregister"))
    token = text_of(body, "token", longest=_LONGEST_TOKEN)
    if not _TOKEN.match(token):
        raise _pattern_mismatch(("body", "token"), _TOKEN)
    controller.licensing.register(
        token, reregister=bool(body.get("reregister", False)), at=controller.clock.monotonic()
    )
    return no_content()


def renew_registration(controller: CMLController, _request: Request) -> Answer:
    controller.licensing.renew_registration(at=controller.clock.monotonic())
    return no_content()


def renew_authorization(controller: CMLController, _request: Request) -> Answer:
    controller.licensing.renew_authorization(at=controller.clock.monotonic())
    return no_content()


def deregister(controller: CMLController, _request: Request) -> Answer:
    """Slow. 202: gone from the controller, but the Smart Account did not hear of it."""
    was_heard = controller.licensing.deregister()
    return no_content(status=204 if was_heard else 202, takes_seconds=DEREGISTRATION_SECONDS)


def set_features(controller: CMLController, request: Request) -> Answer:
    wanted = request.json()
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= _MOST_FEATURES:
        raise InvalidInputError(
            location=("body",), kind="list_type", message="Input should be a list of 1 or 2 items"
        )
    for index, item in enumerate(wanted):
        feature = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
        refuse_unknown_keys(feature, allowed=("id", "count"))
        count = integer_of(
            required(feature, "count"), location=("body", index, "count"), lowest=0, highest=_HIGHEST_COUNT
        )
        controller.licensing.set_feature_count(str(required(feature, "id")), count)
    return no_content()


def set_transport(controller: CMLController, request: Request) -> Answer:
    body = request.json_object()
    refuse_unknown_keys(body, allowed=("ssms", "proxy"))
    proxy = object_of(required(body, "proxy"), "proxy")
    server = nullable_text_of(proxy.get("server"), "proxy", "server")
    ssms = nullable_text_of(body.get("ssms"), "ssms")
    if ssms is not None and not _URL.match(ssms):
        raise _pattern_mismatch(("body", "ssms"), _URL)
    port = proxy.get("port")
    if port is not None:
        port = integer_of(port, location=("body", "proxy", "port"), lowest=1, highest=_HIGHEST_PORT)
    controller.licensing.set_transport(ssms=ssms, proxy_server=server, proxy_port=port)
    return no_content()


def set_reservation_mode(controller: CMLController, request: Request) -> Answer:
    mode = request.json()
    if not isinstance(mode, bool):
        raise InvalidInputError(location=("body",), kind="bool_type", message="Input should be a valid boolean")
    controller.licensing.reservation_mode = mode
    controller.journal.touch()
    return no_content()


def refuse_reservation(controller: CMLController, request: Request) -> Answer:
    """Reservations themselves are not played: what is asked for is never there."""
    if not controller.licensing.reservation_mode:
        raise ApiError(400, "Reservation mode is not enabled.")
    raise ApiError(400, f"There is no reservation for {request.parameters['action']}.")


def _pattern_mismatch(location: tuple[str, ...], pattern: re.Pattern[str]) -> InvalidInputError:
    return InvalidInputError(
        location=location,
        kind="string_pattern_mismatch",
        message=f"String should match pattern '{pattern.pattern}'",
    )


def _route(method: str, template: str, handler: Handler) -> Route:
    def guarded(controller: CMLController, request: Request) -> Answer:
        if controller.fault(FaultName.LICENSE_DENIED) is not None:
            raise ApiError(403, "Access denied: licensing is for administrators.")
        return handler(controller, request)

    return Route(method=method, template=template, handler=guarded, access=Access.ADMIN)


ROUTES = (
    _route("GET", "licensing", status),
    _route("GET", "licensing/features", features),
    _route("PATCH", "licensing/features", set_features),
    _route("GET", "licensing/tech_support", tech_support),
    _route("PUT", "licensing/product_license", set_product_license),
    _route("POST", "licensing/registration", register),
    _route("PUT", "licensing/registration/renew", renew_registration),
    _route("PUT", "licensing/authorization/renew", renew_authorization),
    _route("DELETE", "licensing/deregistration", deregister),
    _route("PUT", "licensing/transport", set_transport),
    _route("PUT", "licensing/reservation/mode", set_reservation_mode),
    *(_route(method, "licensing/reservation/{action}", refuse_reservation) for method in ("GET", "POST", "DELETE")),
)
