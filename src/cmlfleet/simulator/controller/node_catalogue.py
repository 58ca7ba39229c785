"""The node definitions the simulator knows: size, load and boot time of each."""

import sys
from dataclasses import dataclass

from cmlfleet.simulator.controller.identifiers import stable_fraction


@dataclass(frozen=True, kw_only=True)
class NodeDefinition:
    """`ram_mb` and `cpus` as booked when a node starts; loads are in parts of one CPU."""

    id: str
    image: str | None
    ram_mb: int
    cpus: int
    disk_gb: int
    boot_seconds: float
    idle_load: float
    interface: str
    first_slot: int = 0
    has_loopback: bool = False
    starting_interfaces: int = 4
    is_licensed: bool = True

    def interface_label(self, slot: int) -> str:
        label = self.interface.format(slot=slot + self.first_slot, group=slot // 4, member=slot % 4)
        return sys.intern(label)  # the same few labels on all nodes of ten thousand controllers


# Boot times are seconds where the real ones are minutes: a lab of two nodes must converge within 20 s.
_DEFINITIONS = (
    NodeDefinition(
        id="iosv",
        image="iosv-159-3-m10",
        ram_mb=768,
        cpus=1,
        disk_gb=1,
        boot_seconds=7.0,
        idle_load=0.12,
        interface="GigabitEthernet0/{slot}",
        has_loopback=True,
    ),
    NodeDefinition(
        id="iosvl2",
        image="iosvl2-2020",
        ram_mb=768,
        cpus=1,
        disk_gb=1,
        boot_seconds=7.5,
        idle_load=0.14,
        interface="GigabitEthernet{group}/{member}",
        has_loopback=True,
    ),
    NodeDefinition(
        id="iol-xe",
        image="iol-xe-17-15-01",
        ram_mb=1024,
        cpus=1,
        disk_gb=1,
        boot_seconds=4.0,
        idle_load=0.05,
        interface="Ethernet{group}/{member}",
        has_loopback=True,
    ),
    NodeDefinition(
        id="cat8000v",
        image="cat8000v-17-16-01a",
        ram_mb=4096,
        cpus=1,
        disk_gb=16,
        boot_seconds=9.0,
        idle_load=0.35,
        interface="GigabitEthernet{slot}",
        first_slot=1,
        has_loopback=True,
    ),
    NodeDefinition(
        id="nxosv9000",
        image="nxosv9300-10-5-1-f",
        ram_mb=10240,
        cpus=4,
        disk_gb=10,
        boot_seconds=10.0,
        idle_load=0.9,
        interface="Ethernet1/{slot}",
        first_slot=1,
        has_loopback=True,
    ),
    NodeDefinition(
        id="alpine",
        image="alpine-base-3-21-3",
        ram_mb=512,
        cpus=1,
        disk_gb=1,
        boot_seconds=3.0,
        idle_load=0.02,
        interface="eth{slot}",
        starting_interfaces=1,
    ),
    NodeDefinition(
        id="ubuntu",
        image="ubuntu-24-04-20250503",
        ram_mb=2048,
        cpus=1,
        disk_gb=16,
        boot_seconds=6.0,
        idle_load=0.06,
        interface="ens{slot}",
        first_slot=2,
        starting_interfaces=1,
    ),
    NodeDefinition(
        id="server",
        image="server-tcl-16-0",
        ram_mb=128,
        cpus=1,
        disk_gb=1,
        boot_seconds=3.0,
        idle_load=0.01,
        interface="eth{slot}",
        starting_interfaces=1,
    ),
    NodeDefinition(
        id="unmanaged_switch",
        image=None,
        ram_mb=0,
        cpus=0,
        disk_gb=0,
        boot_seconds=1.0,
        idle_load=0.0,
        interface="port{slot}",
        starting_interfaces=8,
        is_licensed=False,
    ),
    NodeDefinition(
        id="external_connector",
        image=None,
        ram_mb=0,
        cpus=0,
        disk_gb=0,
        boot_seconds=1.0,
        idle_load=0.0,
        interface="port",
        starting_interfaces=1,
        is_licensed=False,
    ),
)

NODE_DEFINITIONS = {definition.id: definition for definition in _DEFINITIONS}

_PLANNED_MIX = ("iosv", "iosv", "iol-xe", "iosvl2", "alpine", "iol-xe", "cat8000v", "ubuntu")

_UNKNOWN = NodeDefinition(
    id="unknown",
    image=None,
    ram_mb=512,
    cpus=1,
    disk_gb=1,
    boot_seconds=5.0,
    idle_load=0.1,
    interface="eth{slot}",
)


def definition_of(definition_id: str) -> NodeDefinition:
    """What is known of a definition; an imported topology may name one that is not."""
    return NODE_DEFINITIONS.get(definition_id, _UNKNOWN)


def planned_definition(lab_id: str, index: int) -> NodeDefinition:
    """The definition of a planned lab's node, the same each time it is asked for."""
    choice = int(stable_fraction(lab_id, "definition", index) * len(_PLANNED_MIX))
    return NODE_DEFINITIONS[_PLANNED_MIX[choice]]
