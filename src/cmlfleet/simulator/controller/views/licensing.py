"""The JSON of `GET /licensing` and of the licence's diagnostics."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.licensing import (
    BASE_FEATURE,
    DEFAULT_SSMS,
    EXPANSION_LIMIT,
    NODE_FEATURE,
    CommunicationTimes,
)
from cmlfleet.simulator.fault_catalogue import FaultName


def licensing(controller: CMLController) -> dict[str, Any]:
    state = controller.licensing
    registration, authorization = _statuses(controller)
    registration_expires_at = state.registration_expires_at
    renewals = [state.registration_renewal, state.authorization_renewal]
    expiring = controller.fault(FaultName.LICENSE_EXPIRING)
    if expiring is not None:
        began_at, left = controller.fault_began_at(expiring.name), timedelta(days=expiring.number("days", 9))
        registration_expires_at = began_at + left
        renewals = [_scheduled_by(renewal, began_at + left / 2) for renewal in renewals]
    registration_renewal, authorization_renewal = renewals
    is_registered = registration == "COMPLETED"
    return {
        "registration": {
            "status": registration,
            "smart_account": "Simulated Training Account" if is_registered else None,
            "virtual_account": "CML Lab" if is_registered else None,
            "expires": _stamp(registration_expires_at),
            "register_time": _times(state.register_times),
            "renew_time": _times(registration_renewal),
        },
        "authorization": {
            "status": authorization,
            "expires": _stamp(state.authorization_expires_at),
            "renew_time": _times(authorization_renewal),
        },
        "features": features(controller),
        "reservation_mode": state.reservation_mode,
        "transport": {
            "default_ssms": DEFAULT_SSMS,
            "ssms": state.ssms,
            "proxy": {"server": state.proxy_server, "port": state.proxy_port},
        },
        "udi": {"hostname": controller.hostname, "product_uuid": controller.ids.named("product")},
        "product_license": {
            "active": state.product_license,
            "is_enterprise": state.product.is_enterprise,
        },
    }


def features(controller: CMLController) -> list[dict[str, Any]]:
    state = controller.licensing
    _, status = _statuses(controller)
    edition = "Enterprise" if state.product.is_enterprise else "Personal"
    base = {
        "id": BASE_FEATURE,
        "name": f"CML - {edition} License",
        "description": f"Cisco Modeling Labs - {edition} License with "
        f"{state.product.nodes or 'unlimited'} nodes capacity included",
        "in_use": 1,
        "status": status,
        "version": "1.0",
        "min": 0,
        "max": 1,
        "minEndDate": None,
        "maxEndDate": None,
    }
    if not state.product.has_expansion:
        return [base]
    expansion = {
        **base,
        "id": NODE_FEATURE,
        "name": "CML - Expansion Node License",
        "description": "Cisco Modeling Labs - Expansion node capacity for CML Enterprise Servers",
        "in_use": state.expansion_in_use,
        "max": EXPANSION_LIMIT,
    }
    return [base, expansion]


def license_usage(controller: CMLController) -> dict[str, Any]:
    started = controller.licensed_nodes_started()
    return {
        "quota": controller.licensing.node_quota,
        "started": started,
        "user_quota": None,
        "user_started": started,
    }


def _statuses(controller: CMLController) -> tuple[str, str]:
    """Registration and authorization, the faults included."""
    if controller.fault(FaultName.UNLICENSED):
        return "NOT_REGISTERED", "INIT"
    state = controller.licensing
    if controller.fault(FaultName.OUT_OF_COMPLIANCE):
        return state.registration_status, "OUT_OF_COMPLIANCE"
    return state.registration_status, state.authorization_status


def _scheduled_by(times: CommunicationTimes, moment: datetime) -> CommunicationTimes:
    if times.scheduled is None or times.scheduled <= moment:
        return times
    return replace(times, scheduled=moment)


def _times(times: CommunicationTimes) -> dict[str, str | None]:
    return {
        "succeeded": _stamp(times.succeeded),
        "attempted": _stamp(times.attempted),
        "scheduled": _stamp(times.scheduled),
        "status": times.status,
        "failure": times.failure,
        "success": times.success,
    }


def _stamp(moment: datetime | None) -> str | None:
    """With a space and without a zone, as the licensing agent writes its times."""
    return None if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S")
