"""One lab: its own data, and its elements, which are made only when somebody looks inside."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cmlfleet.simulator.controller.exchange import not_found
from cmlfleet.simulator.controller.lab_elements import (
    ElementState,
    Interface,
    Link,
    Node,
    NodeState,
    interface_state,
    link_state,
)
from cmlfleet.simulator.controller.lab_plan import LabPlan

AUTOSTART_OFF: dict[str, Any] = {"enabled": False, "priority": None, "delay": None}
STAGING_OFF: dict[str, Any] = {"enabled": False, "start_remaining": True, "abort_on_failure": False}


@dataclass(slots=True, kw_only=True)
class Lab:
    """A lab made by `plan` costs a few hundred bytes until its nodes are asked for."""

    id: str
    title: str
    owner_id: str
    created_at: datetime
    modified_at: datetime
    description: str = ""
    notes: str = ""
    plan: LabPlan | None = None
    autostart: dict[str, Any] = field(default_factory=lambda: dict(AUTOSTART_OFF))
    node_staging: dict[str, Any] = field(default_factory=lambda: dict(STAGING_OFF))
    associations: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    annotations: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    smart_annotations: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    _links: dict[str, Link] = field(default_factory=dict[str, Link])

    def _materialise(self) -> None:
        if self.plan is not None:
            plan, self.plan = self.plan, None
            self._nodes, self._links = plan.build(self.id)

    @property
    def nodes(self) -> dict[str, Node]:
        self._materialise()
        return self._nodes

    @property
    def links(self) -> dict[str, Link]:
        self._materialise()
        return self._links

    @property
    def node_count(self) -> int:
        return self.plan.node_count if self.plan is not None else len(self._nodes)

    @property
    def link_count(self) -> int:
        return self.plan.link_count if self.plan is not None else len(self._links)

    @property
    def state(self) -> ElementState:
        if self.plan is not None:
            return self.plan.lab_state
        states = {node.state for node in self._nodes.values()}
        if any(node.is_active for node in self._nodes.values()):
            return ElementState.STARTED
        return ElementState.STOPPED if NodeState.STOPPED in states else ElementState.DEFINED_ON_CORE

    @property
    def is_converged(self) -> bool:
        return self.plan is not None or all(node.is_converged for node in self._nodes.values())

    def node(self, node_id: str) -> Node:
        """Raises the 404 by which Cisco's client knows that a node is gone; so do the next two."""
        found = self.nodes.get(node_id)
        if found is None:
            raise not_found("Node", node_id)
        return found

    def link(self, link_id: str) -> Link:
        found = self.links.get(link_id)
        if found is None:
            raise not_found("Link", link_id)
        return found

    def interface(self, interface_id: str) -> tuple[Node, Interface]:
        for node in self.nodes.values():
            interface = node.interfaces.get(interface_id)
            if interface is not None:
                return node, interface
        raise not_found("Interface", interface_id)

    def interfaces(self) -> Iterator[tuple[Node, Interface]]:
        for node in self.nodes.values():
            for interface in node.interfaces.values():
                yield node, interface

    def state_of_link(self, link: Link) -> ElementState:
        return link_state(link, node_a=self.nodes[link.node_a], node_b=self.nodes[link.node_b])

    def element_states(self) -> dict[str, dict[str, str]]:
        """Every element's state, by kind and id."""
        return {
            "nodes": {node.id: node.state for node in self.nodes.values()},
            "links": {link.id: self.state_of_link(link) for link in self.links.values()},
            "interfaces": {interface.id: interface_state(node, interface) for node, interface in self.interfaces()},
        }
