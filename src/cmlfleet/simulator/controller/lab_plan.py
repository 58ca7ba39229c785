"""A lab that nobody has looked into yet: how many nodes, and whether they run."""

from collections.abc import Mapping
from dataclasses import dataclass

from cmlfleet.simulator.controller.identifiers import stable_uuid
from cmlfleet.simulator.controller.lab_elements import ElementState, Interface, Link, Node, NodeState
from cmlfleet.simulator.controller.node_catalogue import NodeDefinition, definition_of, planned_definition

_BOOT_SECONDS = 170.0  # between STARTED and BOOTED of a node that booted before the simulation began
_QUEUE_SECONDS = 2.0
_GRID = 4  # nodes in a row of the drawing
_SPACING = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPlan:
    """`booted_at` is a moment of the simulated clock (below 0: before it began), or None when nothing runs."""

    node_count: int
    booted_at: float | None = None
    was_run: bool = False

    @property
    def link_count(self) -> int:
        """The nodes stand in a chain; three or more close to a ring."""
        return self.node_count if self.node_count > 2 else max(self.node_count - 1, 0)

    @property
    def lab_state(self) -> ElementState:
        if self.booted_at is not None and self.node_count:
            return ElementState.STARTED
        return ElementState.STOPPED if self.was_run else ElementState.DEFINED_ON_CORE

    @property
    def node_state(self) -> NodeState:
        if self.booted_at is not None:
            return NodeState.BOOTED
        return NodeState.STOPPED if self.was_run else NodeState.DEFINED_ON_CORE

    def definitions(self, lab_id: str) -> list[NodeDefinition]:
        return [planned_definition(lab_id, index) for index in range(self.node_count)]

    def build(self, lab_id: str) -> tuple[dict[str, Node], dict[str, Link]]:
        """The same nodes and links each time for the same lab."""
        since = self._since()
        nodes: dict[str, Node] = {}
        for index, definition in enumerate(self.definitions(lab_id)):
            node = self._node(lab_id, index, definition, since)
            nodes[node.id] = node
        links: dict[str, Link] = {}
        row = list(nodes.values())
        for index in range(self.link_count):
            link = connect(
                row[index],
                row[(index + 1) % len(row)],
                link_id=stable_uuid(lab_id, "link", index),
                new_interface_id=stable_uuid(lab_id, "link", index, "port"),
            )
            links[link.id] = link
        return nodes, links

    def _since(self) -> Mapping[NodeState, float]:
        """The same for all nodes, which booted long ago."""
        if self.booted_at is None:
            return {}
        started_at = self.booted_at - _BOOT_SECONDS
        return {
            NodeState.QUEUED: started_at - _QUEUE_SECONDS,
            NodeState.STARTED: started_at,
            NodeState.BOOTED: self.booted_at,
        }

    def _node(self, lab_id: str, index: int, definition: NodeDefinition, since: Mapping[NodeState, float]) -> Node:
        node = Node(
            id=stable_uuid(lab_id, "node", index),
            label=f"{definition.id}-{index}",
            node_definition=definition.id,
            x=(index % _GRID) * _SPACING,
            y=(index // _GRID) * _SPACING,
            state=self.node_state,
            since=since,
        )
        populate_interfaces(node, definition)
        return node


def populate_interfaces(node: Node, definition: NodeDefinition) -> None:
    """The interfaces a new node is born with: a loopback where it has one, and the first physical ones."""
    if definition.has_loopback:
        loopback = Interface(
            id=stable_uuid(node.id, "loopback"), node_id=node.id, label="Loopback0", slot=None, type="loopback"
        )
        node.interfaces[loopback.id] = loopback
    for slot in range(definition.starting_interfaces):
        add_physical(node, definition, slot=slot, interface_id=stable_uuid(node.id, "slot", slot))


def add_physical(node: Node, definition: NodeDefinition, *, slot: int, interface_id: str) -> Interface:
    interface = Interface(
        id=interface_id, node_id=node.id, label=definition.interface_label(slot), slot=slot, type="physical"
    )
    node.interfaces[interface_id] = interface
    return interface


def free_interface(node: Node, *, new_interface_id: str) -> Interface:
    """The first physical interface without a link, made when there is none."""
    taken = [interface for interface in node.interfaces.values() if interface.type == "physical"]
    for interface in taken:
        if interface.link_id is None:
            return interface
    return add_physical(node, definition_of(node.node_definition), slot=len(taken), interface_id=new_interface_id)


def connect(node_a: Node, node_b: Node, *, link_id: str, new_interface_id: str) -> Link:
    a = free_interface(node_a, new_interface_id=stable_uuid(new_interface_id, "a"))
    a.link_id = link_id
    b = free_interface(node_b, new_interface_id=stable_uuid(new_interface_id, "b"))
    b.link_id = link_id
    return join(node_a, a, node_b, b, link_id=link_id)


def join(node_a: Node, a: Interface, node_b: Node, b: Interface, *, link_id: str) -> Link:
    """A link between two given interfaces."""
    a.link_id = b.link_id = link_id
    return Link(
        id=link_id,
        interface_a=a.id,
        interface_b=b.id,
        node_a=node_a.id,
        node_b=node_b.id,
        label=f"{node_a.label}-{a.label}<->{node_b.label}-{b.label}",
    )
