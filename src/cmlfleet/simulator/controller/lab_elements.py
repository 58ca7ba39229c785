"""What a lab is made of: nodes, their interfaces and the links between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class NodeState(StrEnum):
    DEFINED_ON_CORE = "DEFINED_ON_CORE"
    QUEUED = "QUEUED"
    STARTING = "STARTING"  # from 2.10 on
    STARTED = "STARTED"
    BOOTED = "BOOTED"
    STOPPED = "STOPPED"
    DISCONNECTED = "DISCONNECTED"


class ElementState(StrEnum):
    """Of labs, links and interfaces."""

    DEFINED_ON_CORE = "DEFINED_ON_CORE"
    STOPPED = "STOPPED"
    STARTED = "STARTED"


_NOTHING: Mapping[str, str | None] = {}  # shared by all nodes: what they hold is replaced, never changed
_NEVER: Mapping[NodeState, float] = {}

RUNNING = frozenset({NodeState.STARTED, NodeState.BOOTED})
ACTIVE = RUNNING | {NodeState.QUEUED, NodeState.STARTING, NodeState.DISCONNECTED}


@dataclass(slots=True, kw_only=True)
class Interface:
    id: str
    node_id: str
    label: str
    slot: int | None
    type: str
    mac_address: str | None = None
    link_id: str | None = None
    is_enabled: bool = True


@dataclass(slots=True, kw_only=True)
class Link:
    id: str
    interface_a: str
    interface_b: str
    node_a: str
    node_b: str
    label: str
    is_enabled: bool = True
    conditioning: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


@dataclass(slots=True, kw_only=True)
class Node:
    """`since` holds the moment (simulated, monotonic) at which each state of this run was reached."""

    id: str
    label: str
    node_definition: str
    x: int = 0
    y: int = 0
    image_definition: str | None = None
    ram: int | None = None
    cpus: int | None = None
    cpu_limit: int | None = None
    data_volume: int | None = None
    boot_disk_size: int | None = None
    hide_links: bool = False
    priority: int | None = None
    pinned_compute_id: str | None = None
    tags: Sequence[str] = ()
    parameters: Mapping[str, str | None] = field(default_factory=lambda: _NOTHING)
    configuration: Sequence[Mapping[str, str | None]] = ()
    pyats: Mapping[str, str | None] = field(default_factory=lambda: _NOTHING)
    state: NodeState = NodeState.DEFINED_ON_CORE
    since: Mapping[NodeState, float] = field(default_factory=lambda: _NEVER)
    compute_id: str | None = None
    run: int = 0
    is_stopping: bool = False
    interfaces: dict[str, Interface] = field(default_factory=dict[str, Interface])

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def is_running(self) -> bool:
        return self.state in RUNNING

    @property
    def boot_progress(self) -> str:
        if self.state is NodeState.BOOTED:
            return "Booted"
        return "Booting" if self.state in {NodeState.STARTED, NodeState.STARTING} else "Not running"

    @property
    def is_converged(self) -> bool:
        return not self.is_stopping and self.state not in {
            NodeState.QUEUED,
            NodeState.STARTING,
            NodeState.STARTED,
        }

    @property
    def element_state(self) -> ElementState:
        """The state its enabled interfaces have."""
        if self.is_running:
            return ElementState.STARTED
        return ElementState.DEFINED_ON_CORE if self.state is NodeState.DEFINED_ON_CORE else ElementState.STOPPED


def interface_state(node: Node, interface: Interface) -> ElementState:
    state = node.element_state
    return ElementState.STOPPED if state is ElementState.STARTED and not interface.is_enabled else state


def link_state(link: Link, *, node_a: Node, node_b: Node) -> ElementState:
    """A link is up when it is enabled and both its ends run."""
    ends = {node_a.element_state, node_b.element_state}
    if ends == {ElementState.STARTED}:
        return ElementState.STARTED if link.is_enabled else ElementState.STOPPED
    if ends == {ElementState.DEFINED_ON_CORE}:
        return ElementState.DEFINED_ON_CORE
    return ElementState.STOPPED
