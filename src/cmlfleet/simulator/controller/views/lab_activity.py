"""What goes on in a lab: load and traffic of its nodes and links, addresses in use."""

from typing import Any

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.lab import Lab
from cmlfleet.simulator.controller.lab_elements import ElementState, Node, NodeState
from cmlfleet.simulator.controller.node_catalogue import definition_of
from cmlfleet.simulator.controller.views.labs import mac_address

_TIMED_STATES = (NodeState.QUEUED, NodeState.STARTED, NodeState.BOOTED)
_BYTES_READ_PER_BOOT = 38_473_216
_BYTES_PER_SECOND = 850.0
_BYTES_PER_PACKET = 152


def simulation_stats(controller: CMLController, lab: Lab) -> dict[str, Any]:
    """`times` are seconds elapsed since each state was reached, whatever the schema calls them."""
    now = controller.clock.monotonic()
    return {
        "nodes": {node.id: _node_stats(controller, node, now) for node in lab.nodes.values() if node.is_active},
        "links": {
            link.id: _traffic(now - lab.nodes[link.node_a].since.get(NodeState.STARTED, now))
            for link in lab.links.values()
            if lab.state_of_link(link) is ElementState.STARTED
        },
    }


def _node_stats(controller: CMLController, node: Node, now: float) -> dict[str, Any]:
    times = {state.value: int(now - node.since[state]) for state in _TIMED_STATES if state in node.since}
    if not node.is_running:
        return {"times": times, **({"is_running": False} if controller.version.is_at_least_2_10 else {})}
    definition = definition_of(node.node_definition)
    cpus = node.cpus or definition.cpus
    load = definition.idle_load if node.state is NodeState.BOOTED else float(cpus)
    up_seconds = now - node.since.get(NodeState.STARTED, now)
    stats: dict[str, Any] = {
        "cpu_usage": round(load / max(cpus, 1) * 100, 2),
        "block0_rd_bytes": _BYTES_READ_PER_BOOT,
        "block0_wr_bytes": int(up_seconds * 12),
        "times": times,
    }
    if controller.version.is_at_least_2_10:
        stats |= {
            "ram_usage": 62.5,
            "disk_usage": definition.disk_gb * 220,
            "is_running": True,
            "cpu_limit": node.cpu_limit or 100,
            "cpus": cpus,
            "ram": node.ram or definition.ram_mb or None,
        }
    return stats


def _traffic(up_seconds: float) -> dict[str, int]:
    read = int(up_seconds * _BYTES_PER_SECOND)
    written = int(read * 0.97)
    return {
        "readbytes": read,
        "readpackets": read // _BYTES_PER_PACKET,
        "writebytes": written,
        "writepackets": written // _BYTES_PER_PACKET,
        "drops": 0,
    }


def layer3_addresses(controller: CMLController, lab: Lab) -> dict[str, Any]:
    """Of the nodes that run; an address for each connected interface."""
    return {node.id: node_addresses(controller, node) for node in lab.nodes.values() if node.is_running}


def node_addresses(controller: CMLController, node: Node) -> dict[str, Any]:
    used = [interface for interface in node.interfaces.values() if interface.link_id is not None]
    shown = used if node.state is NodeState.BOOTED else []
    return {
        "name": node.label,
        "interfaces": {
            mac_address(controller, interface): {
                "id": interface.id,
                "label": interface.label,
                "ip4": [f"192.0.2.{1 + int(controller.ids.fraction('ip4', interface.id) * 254)}"],
                "ip6": [],
            }
            for interface in shown
        },
    }
