"""What happens on a controller: in each lab's own events, and to those who listen on the websocket."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from cmlfleet.simulator.controller.lab import Lab

_EVENTS_KEPT_PER_LAB = 200  # the real controller keeps 10,000; nobody here reads that far back

Frame = dict[str, Any]
FrameListener = Callable[[Frame], None]


class Clock(Protocol):
    """What the controller needs of the simulation's clock."""

    @property
    def speed(self) -> float: ...

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class Journal:
    """`revision` grows with each change, so that an answer rendered before it is known to be stale."""

    __slots__ = ("_clock", "listeners", "revision")

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self.listeners: list[FrameListener] = []
        self.revision = 0

    def touch(self) -> None:
        self.revision += 1

    def moment(self, at: float) -> datetime:
        """The date of a moment of the monotonic clock."""
        return self._clock.now() + timedelta(seconds=at - self._clock.monotonic())

    def node_state_changed(self, lab: Lab, node_id: str, *, state: str, previous: str, at: float) -> None:
        self._log(lab, "state", "Node", node_id, data={"state": state}, previous={"state": previous}, at=at)
        self._state_change(lab, "Node", node_id, state)

    def link_state_changed(self, lab: Lab, link_id: str, *, state: str) -> None:
        self._state_change(lab, "Link", link_id, state)

    def interface_state_changed(self, lab: Lab, interface_id: str, *, state: str) -> None:
        self._state_change(lab, "Interface", interface_id, state)

    def lab_changed(self, lab: Lab, event: str, *, at: float, data: dict[str, Any] | None = None) -> None:
        """`event` is Cisco's word: CREATED, MODIFIED, DELETED or state. It is not sent over the websocket: for
        a joined lab the frame's assumed shape ends the listener of Cisco's own client."""
        self._log(lab, event, "Lab", lab.id, data=data or {}, previous={}, at=at)

    def element_changed(
        self, lab: Lab, event: str, element_type: str, element_id: str, *, data: dict[str, Any], at: float
    ) -> None:
        self._log(lab, event, element_type, element_id, data=data, previous={}, at=at)
        lab.modified_at = self.moment(at)
        self._send(
            {
                "event_type": "lab_element_event",
                "event": event,
                "lab_id": lab.id,
                "element_type": element_type,
                "element_id": element_id,
                "data": data,
            }
        )

    def _state_change(self, lab: Lab, element_type: str, element_id: str, state: str) -> None:
        self._send(
            {
                "event_type": "state_change",
                "event": state,
                "lab_id": lab.id,
                "element_type": element_type,
                "element_id": element_id,
                "data": {},
            }
        )

    def _log(
        self,
        lab: Lab,
        event: str,
        element_type: str,
        element_id: str,
        *,
        data: dict[str, Any],
        previous: dict[str, Any],
        at: float,
    ) -> None:
        self.revision += 1
        lab.events.append(
            {
                "lab_id": lab.id,
                "event": event,
                "element_type": element_type,
                "element_id": element_id,
                "data": data,
                "previous": previous,
                "timestamp": self.moment(at).isoformat(),
            }
        )
        del lab.events[:-_EVENTS_KEPT_PER_LAB]

    def _send(self, frame: Frame) -> None:
        self.revision += 1
        for listener in tuple(self.listeners):
            listener(frame)
