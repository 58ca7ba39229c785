"""How busy the machines are: it follows the labs, with some breath of its own."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from cmlfleet.simulator.controller.hosts import ComputeHost
from cmlfleet.simulator.controller.identifiers import stable_fraction
from cmlfleet.simulator.controller.lab import Lab
from cmlfleet.simulator.controller.lab_elements import NodeState
from cmlfleet.simulator.controller.node_catalogue import definition_of

STATISTICS_SECONDS = 3.0  # between two measurements of the real controller, about
_MEBIBYTE = 1024**2
_GIBIBYTE = 1024**3

_HOST_CPU_PERCENT = 2.5  # CML's own services on an idle host
_HOST_MEMORY_BYTES = 3 * _GIBIBYTE
_HOST_MEMORY_SHARE = 0.25  # of a small host, whose services leave more free
_CACHE_SHARE = 0.02  # of the memory: neither used nor free
_NODE_MEMORY_SHARE = 0.8  # of what a node is promised it really touches
_IMAGES_SHARE = 0.28  # of the disk: reference platform images
_BOOT_LOAD = 0.95  # of each CPU of a node that boots


@dataclass(slots=True)
class HostUsage:
    """What the nodes of one host book and burn."""

    total_nodes: int = 0
    running_nodes: int = 0
    licensed_nodes: int = 0
    cpus: int = 0
    ram_mb: int = 0
    disk_gb: int = 0
    cpu_load: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStatistics:
    cpu_percent: float
    load: tuple[float, float, float]
    memory_used: int
    memory_free: int
    disk_used: int
    disk_free: int
    usage: HostUsage


def usage_by_host(labs: Iterable[Lab], *, host_ids: list[str]) -> dict[str, HostUsage]:
    """Nodes without a host of their own, planned ones too, count on the first that may hold nodes."""
    usages = {host_id: HostUsage() for host_id in host_ids}
    for lab in labs:
        if lab.plan is not None:
            _add_plan(usages[host_ids[0]], lab)
            continue
        for node in lab.nodes.values():
            if node.state is NodeState.DEFINED_ON_CORE:
                continue
            usage = usages.get(node.compute_id or "", usages[host_ids[0]])
            definition = definition_of(node.node_definition)
            usage.total_nodes += 1
            usage.disk_gb += definition.disk_gb
            if not node.is_active:
                continue
            usage.licensed_nodes += definition.is_licensed
            usage.cpus += node.cpus or definition.cpus
            usage.ram_mb += node.ram or definition.ram_mb
            usage.running_nodes += node.is_running
            booting = node.state is not NodeState.BOOTED
            usage.cpu_load += _BOOT_LOAD * definition.cpus if booting else definition.idle_load
    return usages


def _add_plan(usage: HostUsage, lab: Lab) -> None:
    plan = lab.plan
    if plan is None or (plan.booted_at is None and not plan.was_run):
        return
    definitions = plan.definitions(lab.id)
    usage.total_nodes += plan.node_count
    usage.disk_gb += sum(definition.disk_gb for definition in definitions)
    if plan.booted_at is None:
        return
    usage.running_nodes += plan.node_count
    usage.licensed_nodes += sum(definition.is_licensed for definition in definitions)
    usage.cpus += sum(definition.cpus for definition in definitions)
    usage.ram_mb += sum(definition.ram_mb for definition in definitions)
    usage.cpu_load += sum(definition.idle_load for definition in definitions)


def measure(host: ComputeHost, usage: HostUsage, *, moment: float) -> HostStatistics:
    """The host's figures at a moment of the simulated clock."""
    measurement = int(moment // STATISTICS_SECONDS)
    burned = usage.cpu_load / host.cpu_count * 100
    cpu_percent = min((_HOST_CPU_PERCENT + burned) * _breath(host.id, measurement), 100.0)
    own_memory = min(_HOST_MEMORY_BYTES, int(host.memory_bytes * _HOST_MEMORY_SHARE))
    memory_used = own_memory + int(usage.ram_mb * _MEBIBYTE * _NODE_MEMORY_SHARE)
    memory_used += int(own_memory * 0.02 * (_breath(host.id, measurement // 7) - 1))
    memory_used = min(memory_used, int(host.memory_bytes * 0.97))
    memory_free = max(int(host.memory_bytes * (1 - _CACHE_SHARE)) - memory_used, 0)
    disk_used = int(host.disk_bytes * _IMAGES_SHARE) + usage.disk_gb * _GIBIBYTE // 4
    if host.disk_used_percent is not None:
        disk_used = int(host.disk_bytes * host.disk_used_percent / 100)
    disk_used = min(disk_used, host.disk_bytes)
    load = cpu_percent / 100 * host.cpu_count
    return HostStatistics(
        cpu_percent=cpu_percent,
        load=(round(load, 4), round(load * 0.97, 4), round(load * 0.94, 4)),
        memory_used=memory_used,
        memory_free=memory_free,
        disk_used=disk_used,
        disk_free=host.disk_bytes - disk_used,
        usage=usage,
    )


def _breath(host_id: str, measurement: int) -> float:
    """A slow swing with some noise: around 1, the same for the same moment."""
    noise = stable_fraction(host_id, measurement) - 0.5
    return 1 + 0.12 * math.sin(measurement / 9 + stable_fraction(host_id) * math.tau) + 0.1 * noise
