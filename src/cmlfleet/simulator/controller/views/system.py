"""The JSON of the system's own routes, by version."""

from typing import Any

from cmlfleet.simulator.controller.boot import BootPhase
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.hosts import ComputeHost
from cmlfleet.simulator.controller.load import HostStatistics
from cmlfleet.simulator.fault_catalogue import FaultName

_KIBIBYTES_IN_MB = 1024  # dominfo counts memory in KiB
_CPU_MODEL = "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz"
_ENOUGH_CPUS = 4
_SIGN_IN_TIMEOUT_SECONDS = 10

COMPUTE_CHECKS = (
    "kvm_vmx_enabled",
    "enough_cpus",
    "lld_synced",
    "libvirt",
    "fabric",
    "device_mux",
    "refplat_images_available",
    "docker_shim",
)
CONTROLLER_CHECKS = ("core_connected", "nodes_loaded", "images_loaded")
_SERVICES_OF_2_10 = ("airhandler", "dispatcher", "ipsnooper", "pcapdemux")


def system_information(controller: CMLController) -> dict[str, Any]:
    version = controller.version
    view: dict[str, Any] = {"version": version.text, "ready": controller.is_ready}
    if version.minor >= (2, 5):
        view["allow_ssh_pubkey_auth"] = controller.administration.allow_ssh_pubkey_auth
    if version.is_closed_schema:
        view["oui"] = controller.administration.oui
    if version.is_at_least_2_10:
        view |= {"timeout": _SIGN_IN_TIMEOUT_SECONDS, "features": []}
    return view


def system_stats(controller: CMLController) -> dict[str, Any]:
    """Bytes everywhere, but KiB in `allocated_memory`."""
    statistics = controller.statistics()
    lost = _lost_hosts(controller)
    hosts = [host for host in controller.hosts if host.id in statistics and host.id not in lost]
    disk_full = controller.fault(FaultName.DISK_FULL)
    disk_percent = None if disk_full is None else disk_full.number("percent", 94)
    shown = {host.id: _host_stats(controller, host, statistics[host.id], disk_percent) for host in hosts}
    totals = [stats["stats"] for stats in shown.values()]
    return {
        "computes": shown,
        "all": {
            "cpu": {
                "count": sum(stats["cpu"]["count"] for stats in totals),
                "percent": sum(stats["cpu"]["percent"] for stats in totals) / max(len(totals), 1),
            },
            "memory": _summed(totals, "memory"),
            "disk": _summed(totals, "disk"),
        },
        "controller": {"disk": shown[controller.hosts[0].id]["stats"]["disk"]},
    }


def _summed(totals: list[dict[str, Any]], part: str) -> dict[str, int]:
    return {key: sum(stats[part][key] for stats in totals) for key in ("used", "free", "total")}


def _host_stats(
    controller: CMLController, host: ComputeHost, measured: HostStatistics, disk_percent: float | None
) -> dict[str, Any]:
    cpu: dict[str, Any] = {
        "count": host.cpu_count,
        "percent": measured.cpu_percent,
        "model": _CPU_MODEL,
        "predicted": measured.usage.cpus,
        "load": list(measured.load),
    }
    if controller.version.is_closed_schema:
        cpu["hyperthreading"] = True
    disk_used, disk_free = measured.disk_used, measured.disk_free
    if disk_percent is not None:
        disk_used = int(host.disk_bytes * disk_percent / 100)
        disk_free = host.disk_bytes - disk_used
    return {
        "hostname": host.hostname,
        "is_controller": host.is_controller,
        "stats": {
            "cpu": cpu,
            "memory": {
                "used": measured.memory_used,
                "free": measured.memory_free,
                "total": host.memory_bytes,
            },
            "disk": {"used": disk_used, "free": disk_free, "total": host.disk_bytes},
            "dominfo": {
                **_node_counts(controller, host, measured),
                "allocated_cpus": measured.usage.cpus,
                "allocated_memory": measured.usage.ram_mb * _KIBIBYTES_IN_MB,
            },
        },
    }


def _node_counts(
    controller: CMLController, host: ComputeHost, measured: HostStatistics | None
) -> dict[str, int | None]:
    fault = controller.fault(FaultName.ORPHANS) if host.is_controller else None
    more = 0 if fault is None else int(fault.number("running", 3))
    return {
        "total_nodes": None if measured is None else measured.usage.total_nodes,
        "total_orphans": host.orphans + more,
        "running_nodes": None if measured is None else measured.usage.running_nodes,
        "running_orphans": host.running_orphans + more,
    }


def system_health(controller: CMLController, *, is_admin: bool) -> dict[str, Any]:
    """Nulls are what is not known yet. Others than administrators do not see the computes' checks."""
    is_booting = controller.phase() is not BootPhase.READY
    is_unknown = controller.fault(FaultName.HEALTH_UNKNOWN) is not None
    failed = {*controller.hosts[0].failed_checks}
    fault = controller.fault(FaultName.HEALTH_FAILED)
    if fault is not None:
        failed.add(fault.text("check", "libvirt"))
    lost = _lost_hosts(controller)
    computes = {
        host.id: _compute_health(
            controller,
            host,
            failed=failed if host.is_controller else host.failed_checks,
            is_unknown=is_unknown or host.id in lost,
            is_connected=host.id not in lost,
            is_booting=is_booting,
        )
        for host in controller.hosts
    }
    checks: dict[str, bool | None] = {check: check not in failed for check in CONTROLLER_CHECKS}
    controller_valid = all(checks.values())
    if controller.version.is_at_least_2_10:
        checks |= {service: service not in failed for service in _SERVICES_OF_2_10}
    licensed = is_licensed(controller)
    valid = controller_valid and all(compute["valid"] for compute in computes.values()) and licensed
    return {
        "valid": None if is_booting or is_unknown else valid,
        "computes": computes if is_admin else {},
        "is_licensed": None if is_unknown else licensed,
        "is_enterprise": controller.licensing.product.is_enterprise,
        "controller": {**checks, "valid": controller_valid},
    }


def _compute_health(
    controller: CMLController,
    host: ComputeHost,
    *,
    failed: set[str],
    is_unknown: bool,
    is_connected: bool,
    is_booting: bool,
) -> dict[str, Any]:
    if is_unknown:
        checks: dict[str, bool | None] = dict.fromkeys(COMPUTE_CHECKS)
    else:
        checks = {check: check not in failed for check in COMPUTE_CHECKS}
        checks["enough_cpus"] = checks["enough_cpus"] and host.cpu_count >= _ENOUGH_CPUS
        if is_booting:
            checks["lld_synced"] = False
            checks["refplat_images_available"] = None
    if not controller.version.is_closed_schema:
        del checks["docker_shim"]
    connected = is_connected and "lld_connected" not in failed
    known = [value for value in checks.values() if value is not None]
    view: dict[str, Any] = {"lld_connected": connected, **checks}
    if controller.version.is_at_least_2_10:
        view |= {name: name in failed for name in ("cpu_overload", "memory_overload", "disk_overload")}
    return view | {
        "valid": connected and all(known),
        "admission_state": host.admission_state,
        "is_controller": host.is_controller,
        "hostname": host.hostname,
    }


def is_licensed(controller: CMLController) -> bool:
    if controller.fault(FaultName.UNLICENSED) or controller.fault(FaultName.OUT_OF_COMPLIANCE):
        return False
    return controller.licensing.is_licensed


def compute_hosts(controller: CMLController) -> list[dict[str, Any]]:
    """No key beyond Cisco's: its client passes each entry as keyword arguments."""
    statistics = controller.statistics()
    lost = _lost_hosts(controller)
    return [
        compute_host(controller, host, statistics.get(host.id), is_connected=host.id not in lost)
        for host in controller.hosts
    ]


def compute_host(
    controller: CMLController, host: ComputeHost, measured: HostStatistics | None, *, is_connected: bool
) -> dict[str, Any]:
    view: dict[str, Any] = {
        "id": host.id,
        "server_address": host.server_address,
        "hostname": host.hostname,
        "is_simulator": host.is_simulator,
        "is_connector": host.is_controller,
        "admission_state": host.admission_state,
        "is_connected": is_connected,
        "is_synced": is_connected,
    }
    if controller.version.is_at_least_2_10:
        view["node_counts"] = _node_counts(controller, host, measured)
    else:
        view["nodes"] = [
            node.id
            for lab in controller.labs
            for node in lab.nodes.values()
            if node.is_active and (node.compute_id or controller.hosts[0].id) == host.id
        ]
    return view


def _lost_hosts(controller: CMLController) -> set[str]:
    """The hosts that are away: by a scenario, or by the fault (the named one, else the last compute)."""
    lost = {host.id for host in controller.hosts if not host.is_connected}
    fault = controller.fault(FaultName.COMPUTE_LOST)
    if fault is not None:
        computes = [host for host in controller.hosts if not host.is_controller]
        named = [host for host in computes if host.hostname == fault.text("hostname", host.hostname)]
        lost |= {host.id for host in named[-1:]}
    return lost


def maintenance_mode(controller: CMLController) -> dict[str, Any]:
    administration = controller.administration
    notice = administration.notices.get(administration.maintenance_notice_id or "")
    view: dict[str, Any] = {
        "maintenance_mode": administration.maintenance_mode,
        "notice": None if notice is None else notice["id"],
        "resolved_notice": notice,
    }
    fault = controller.fault(FaultName.MAINTENANCE)
    if fault is not None:
        view["maintenance_mode"] = True
        text = fault.text("notice", "")
        if text:
            identifier = controller.ids.named("maintenance fault")
            view["notice"] = identifier
            view["resolved_notice"] = new_notice(
                identifier, level="WARNING", label="Maintenance", content=text, is_enabled=True
            )
    return view


def new_notice(
    identifier: str, *, level: str, label: str, content: str, is_enabled: bool, groups: list[str] | None = None
) -> dict[str, Any]:
    """Without the optional `activated`, on which Cisco's client raises `TypeError`."""
    return {
        "id": identifier,
        "level": level,
        "label": label,
        "content": content,
        "enabled": is_enabled,
        "acknowledged": {},
        "groups": groups or [],
    }
