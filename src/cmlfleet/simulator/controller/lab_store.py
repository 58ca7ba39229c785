"""All labs of one controller."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from cmlfleet.simulator.controller.exchange import ApiError, not_found
from cmlfleet.simulator.controller.identifiers import IdSource
from cmlfleet.simulator.controller.journal import Journal
from cmlfleet.simulator.controller.lab import Lab
from cmlfleet.simulator.controller.lab_elements import ElementState, Node, NodeState
from cmlfleet.simulator.controller.lab_life import LabLife
from cmlfleet.simulator.controller.lab_plan import LabPlan

_HOUR_SECONDS = 3600.0
_PLANNED_LAB_AGE = timedelta(days=12)
_LONGEST_TITLE = 64


class LabStore:
    """Moments are of the simulated monotonic clock."""

    __slots__ = ("_ids", "_journal", "_labs", "_life")

    def __init__(self, *, ids: IdSource, journal: Journal, life: LabLife) -> None:
        self._ids = ids
        self._journal = journal
        self._life = life
        self._labs: dict[str, Lab] = {}

    def __iter__(self) -> Iterator[Lab]:
        return iter(self._labs.values())

    def __len__(self) -> int:
        return len(self._labs)

    def get(self, lab_id: str) -> Lab:
        """Raises the 404 by which Cisco's client knows that a lab is gone."""
        lab = self._labs.get(lab_id)
        if lab is None:
            raise not_found("Lab", lab_id)
        return lab

    def add_planned(
        self,
        *,
        title: str,
        owner_id: str,
        node_count: int,
        started: bool,
        hours_ago: float,
        was_run: bool,
        at: float,
    ) -> Lab:
        """A lab with a past: running since `hours_ago`, or stopped since then when it `was_run`."""
        moment = at - hours_ago * _HOUR_SECONDS
        plan = LabPlan(node_count=node_count, booted_at=moment if started else None, was_run=was_run)
        lab = Lab(
            id=self._ids.named("lab", len(self._labs), title),
            title=title[:_LONGEST_TITLE],
            owner_id=owner_id,
            created_at=self._journal.moment(at) - _PLANNED_LAB_AGE - timedelta(hours=hours_ago),
            modified_at=self._journal.moment(moment),
            plan=plan,
        )
        self._labs[lab.id] = lab
        if was_run or started:
            self._journal.lab_changed(lab, "state", data={"state": plan.lab_state}, at=moment)
        self._journal.touch()
        return lab

    def create(self, *, title: str, owner_id: str, at: float) -> Lab:
        now = self._journal.moment(at)
        lab = Lab(id=self._ids.new(), title=title, owner_id=owner_id, created_at=now, modified_at=now)
        self._labs[lab.id] = lab
        self._journal.lab_changed(lab, "CREATED", at=at)
        return lab

    def delete(self, lab: Lab, *, at: float) -> None:
        """Raises `ApiError` 400 until the lab is stopped and wiped."""
        if lab.state is not ElementState.DEFINED_ON_CORE:
            raise ApiError(400, f"Lab {lab.id} must be stopped and wiped before it can be deleted.")
        del self._labs[lab.id]
        self._journal.lab_changed(lab, "DELETED", at=at)

    def start(self, lab: Lab, *, at: float) -> None:
        self._life.start(lab, lab.nodes.values(), at=at)
        self._journal.lab_changed(lab, "state", data={"state": lab.state}, at=at)

    def stop(self, lab: Lab, *, at: float) -> None:
        self._life.stop(lab, lab.nodes.values(), at=at)
        self._journal.lab_changed(lab, "state", data={"state": lab.state}, at=at)

    def wipe(self, lab: Lab, *, at: float) -> None:
        self._life.wipe(lab, lab.nodes.values(), at=at)
        self._journal.lab_changed(lab, "state", data={"state": lab.state}, at=at)

    def remove_node(self, lab: Lab, node: Node, *, at: float) -> None:
        """With its links. Raises `ApiError` 400 unless the node is stopped and wiped."""
        if node.state is not NodeState.DEFINED_ON_CORE:
            raise ApiError(400, f"Node {node.id} must be stopped and wiped before it can be deleted.")
        for link in [link for link in lab.links.values() if node.id in (link.node_a, link.node_b)]:
            self.remove_link(lab, link.id, at=at)
        del lab.nodes[node.id]
        self._journal.element_changed(lab, "DELETED", "Node", node.id, data={}, at=at)

    def remove_link(self, lab: Lab, link_id: str, *, at: float) -> None:
        link = lab.link(link_id)
        for node_id, interface_id in ((link.node_a, link.interface_a), (link.node_b, link.interface_b)):
            interface = lab.nodes[node_id].interfaces.get(interface_id)
            if interface is not None:
                interface.link_id = None
        del lab.links[link_id]
        self._journal.element_changed(lab, "DELETED", "Link", link_id, data={}, at=at)

    def cut_power(self, *, at: float) -> None:
        for lab in self._labs.values():
            self._life.cut_power(lab, at=at)

    def of_owner(self, user_id: str) -> list[str]:
        return [lab.id for lab in self._labs.values() if lab.owner_id == user_id]

    def event_history(self) -> list[dict[str, Any]]:
        """Every lab's events, oldest first."""
        events = [event for lab in self._labs.values() for event in lab.events]
        return sorted(events, key=lambda event: str(event["timestamp"]))
