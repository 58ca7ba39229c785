"""The JSON of the larger diagnostics categories."""

from typing import Any

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.lab import Lab
from cmlfleet.simulator.controller.lab_elements import NodeState, interface_state
from cmlfleet.simulator.controller.node_catalogue import NodeDefinition
from cmlfleet.simulator.controller.views.labs import stamp
from cmlfleet.simulator.controller.views.system import system_health, system_stats

_READINESS = ("libvirt", "fabric", "device_mux", "refplat_images_available", "docker_shim")


def computes(controller: CMLController) -> dict[str, Any]:
    """Without the copies of nodes, links and interfaces, which are optional and large."""
    stats = system_stats(controller)["computes"]
    health = system_health(controller, is_admin=True)["computes"]
    return {
        host.id: {
            "identifier": host.hostname,
            "host_address": host.server_address,
            "hostname": host.hostname,
            "link_driver": "udp",
            "kvm_vmx_enabled": bool(health[host.id]["kvm_vmx_enabled"]),
            "is_controller": host.is_controller,
            "is_connector": host.is_controller,
            "is_simulator": host.is_simulator,
            "readiness": {name: bool(health[host.id].get(name)) for name in _READINESS},
            "low_level": {"fabric": None},
            "lld_consistency": {"missing_nodes": [], "orphaned_nodes": []},
            "nodes": {},
            "links": {},
            "interfaces": {},
            "fabric": [],
            "statistics": stats[host.id]["stats"],
            "admission_state": host.admission_state,
        }
        for host in controller.hosts
        if host.id in stats
    }


def lab(controller: CMLController, shown: Lab) -> dict[str, Any]:
    now = controller.clock.monotonic()
    timed = (NodeState.QUEUED, NodeState.STARTED, NodeState.BOOTED)
    return {
        "created": stamp(shown.created_at),
        "allocated": any(node.state is not NodeState.DEFINED_ON_CORE for node in shown.nodes.values()),
        "nodes": {
            node.id: {
                "label": node.label,
                "state": node.state,
                "state_times": {state.value: int(now - node.since.get(state, now)) for state in timed},
            }
            for node in shown.nodes.values()
        },
        "links": {
            link.id: {
                "state": shown.state_of_link(link),
                "interface_a": link.interface_a,
                "interface_b": link.interface_b,
            }
            for link in shown.links.values()
        },
        "interfaces": {
            interface.id: {
                "label": interface.label,
                "slot": interface.slot,
                "state": interface_state(node, interface),
                "node": node.id,
            }
            for node, interface in shown.interfaces()
        },
    }


def node_definition(definition: NodeDefinition) -> dict[str, Any]:
    """The parts that automation reads: simulation size and interface names."""
    return {
        "id": definition.id,
        "general": {"nature": "router", "description": definition.id, "read_only": True},
        "ui": {"label": definition.id, "label_prefix": f"{definition.id}-", "icon": "router", "visible": True},
        "device": {
            "interfaces": {
                "has_loopback_zero": definition.has_loopback,
                "physical": [definition.interface_label(slot) for slot in range(definition.starting_interfaces)],
                "default_count": definition.starting_interfaces,
                "serial_ports": 1,
            }
        },
        "sim": {"linux_native": {"ram": definition.ram_mb, "cpus": definition.cpus}},
        "boot": {"timeout": int(definition.boot_seconds * 10)},
        "image_definitions": [definition.image] if definition.image else [],
    }


def image_definition(definition: NodeDefinition) -> dict[str, Any]:
    return {
        "id": definition.image,
        "node_definition_id": definition.id,
        "label": definition.image,
        "description": "",
        "disk_image": f"{definition.image}.qcow2",
        "read_only": True,
    }
