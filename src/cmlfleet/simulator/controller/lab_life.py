"""How nodes start, boot, stop and are wiped, on the clock."""

from collections.abc import Callable, Iterable

from cmlfleet.simulator.controller.agenda import Agenda
from cmlfleet.simulator.controller.exchange import ApiError
from cmlfleet.simulator.controller.identifiers import stable_fraction
from cmlfleet.simulator.controller.journal import Journal
from cmlfleet.simulator.controller.lab import Lab
from cmlfleet.simulator.controller.lab_elements import Node, NodeState, interface_state
from cmlfleet.simulator.controller.lab_plan import LabPlan
from cmlfleet.simulator.controller.node_catalogue import definition_of

# Together these let a lab of two nodes converge, and stop, well within 20 s.
_QUEUE_SECONDS = 0.5
_LAUNCH_GAP_SECONDS = 0.3  # the controller launches queued nodes one after the other
_STARTING_SECONDS = 0.7
_STOP_SECONDS = 1.0
_STOP_GAP_SECONDS = 0.2
_BOOT_SPREAD = 0.2  # boot times differ by up to a tenth to either side

ComputePicker = Callable[[str], str]


class LabLife:
    """The movements of all labs of one controller. Moments are of the simulated monotonic clock."""

    __slots__ = ("_agenda", "_has_starting", "_journal", "_pick_compute")

    def __init__(self, *, agenda: Agenda, journal: Journal, pick_compute: ComputePicker, has_starting: bool) -> None:
        self._agenda = agenda
        self._journal = journal
        self._pick_compute = pick_compute
        self._has_starting = has_starting

    def start(self, lab: Lab, nodes: Iterable[Node], *, at: float) -> None:
        for position, node in enumerate(node for node in nodes if not node.is_active or node.is_stopping):
            node.run += 1
            node.is_stopping = False
            node.since = {}
            node.compute_id = self._pick_compute(node.id)
            self._enter(lab, node, NodeState.QUEUED, at)
            launch_at = at + _QUEUE_SECONDS + position * _LAUNCH_GAP_SECONDS
            if self._has_starting:
                self._later(lab, node, NodeState.STARTING, launch_at)
                launch_at += _STARTING_SECONDS
            self._later(lab, node, NodeState.STARTED, launch_at)
            spread = 1 + (stable_fraction(node.id, "boot", node.run) - 0.5) * _BOOT_SPREAD
            boot_seconds = definition_of(node.node_definition).boot_seconds * spread
            self._later(lab, node, NodeState.BOOTED, launch_at + boot_seconds)

    def stop(self, lab: Lab, nodes: Iterable[Node], *, at: float) -> None:
        """A stopping node keeps its state until it is down, as on the real controller."""
        for position, node in enumerate(node for node in nodes if node.is_active):
            node.run += 1
            node.is_stopping = True
            self._later(lab, node, NodeState.STOPPED, at + _STOP_SECONDS + position * _STOP_GAP_SECONDS)

    def wipe(self, lab: Lab, nodes: Iterable[Node], *, at: float) -> None:
        """Raises `ApiError` 400 while one of the nodes runs."""
        wiped = list(nodes)
        active = next((node for node in wiped if node.is_active), None)
        if active is not None:
            raise ApiError(400, f"Cannot wipe {lab.title}: node {active.label} is {active.state}")
        for node in wiped:
            if node.state is not NodeState.DEFINED_ON_CORE:
                node.compute_id = None
                node.since = {}
                self._enter(lab, node, NodeState.DEFINED_ON_CORE, at)

    def cut_power(self, lab: Lab, *, at: float) -> None:
        """All that ran is down, at once."""
        if lab.plan is not None:
            if lab.plan.booted_at is not None:
                lab.plan = LabPlan(node_count=lab.plan.node_count, was_run=True)
                self._journal.touch()
            return
        for node in lab.nodes.values():
            if node.is_active:
                node.run += 1
                node.is_stopping = False
                self._enter(lab, node, NodeState.STOPPED, at)

    def lose_compute(self, lab: Lab, compute_id: str, *, at: float) -> None:
        """The nodes on a compute that is away are DISCONNECTED."""
        for node in lab.nodes.values():
            if node.is_active and node.compute_id == compute_id:
                node.run += 1
                self._enter(lab, node, NodeState.DISCONNECTED, at)

    def regain_compute(self, lab: Lab, compute_id: str, *, at: float) -> None:
        for node in lab.nodes.values():
            if node.state is NodeState.DISCONNECTED and node.compute_id == compute_id:
                self._enter(lab, node, NodeState.BOOTED, at)

    def _later(self, lab: Lab, node: Node, state: NodeState, at: float) -> None:
        run = node.run

        def deed(moment: float) -> None:
            if node.run == run:
                self._enter(lab, node, state, moment)

        self._agenda.add(at, deed)

    def _enter(self, lab: Lab, node: Node, state: NodeState, at: float) -> None:
        previous = node.state
        links = [link for link in lab.links.values() if node.id in (link.node_a, link.node_b)]
        link_states = [lab.state_of_link(link) for link in links]
        interface_before = node.element_state
        node.state = state
        node.since = {**node.since, state: at}
        if state is NodeState.STOPPED:
            node.is_stopping = False
        self._journal.node_state_changed(lab, node.id, state=state, previous=previous, at=at)
        if node.element_state is not interface_before:
            for interface in node.interfaces.values():
                self._journal.interface_state_changed(lab, interface.id, state=interface_state(node, interface))
        for link, before in zip(links, link_states, strict=True):
            now = lab.state_of_link(link)
            if now is not before:
                self._journal.link_state_changed(lab, link.id, state=now)
