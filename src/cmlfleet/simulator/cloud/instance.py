"""One EC2 instance as the cloud keeps it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cmlfleet.simulator.cloud.instance_types import InstanceType


class InstanceState(StrEnum):
    """EC2's words for the life of an instance."""

    PENDING = "pending"
    RUNNING = "running"
    SHUTTING_DOWN = "shutting-down"
    TERMINATED = "terminated"
    STOPPING = "stopping"
    STOPPED = "stopped"

    @property
    def code(self) -> int:
        return _STATE_CODES[self]


_STATE_CODES = {
    InstanceState.PENDING: 0,
    InstanceState.RUNNING: 16,
    InstanceState.SHUTTING_DOWN: 32,
    InstanceState.TERMINATED: 48,
    InstanceState.STOPPING: 64,
    InstanceState.STOPPED: 80,
}


class CheckStatus(StrEnum):
    OK = "ok"
    IMPAIRED = "impaired"
    INITIALIZING = "initializing"
    NOT_APPLICABLE = "not-applicable"


class Load(Protocol):
    """What keeps the instance busy, in percent (0 to 100)."""

    def cpu_percent(self) -> float: ...

    def memory_percent(self) -> float: ...


@dataclass(frozen=True, kw_only=True)
class StateReason:
    code: str
    message: str


USER_SHUTDOWN = StateReason(
    code="Client.UserInitiatedShutdown", message="Client.UserInitiatedShutdown: User initiated shutdown"
)


def user_initiated(moment: datetime) -> str:
    """The text that alone tells when an instance was stopped."""
    return f"User initiated ({moment:%Y-%m-%d %H:%M:%S} GMT)"


@dataclass(slots=True, kw_only=True)
class RunPeriod:
    """From when, and until when unless it still does, the instance ran: metrics exist for no other time."""

    began_at: datetime
    ended_at: datetime | None = None


PowerListener = Callable[[bool], None]


@dataclass(slots=True, kw_only=True, eq=False)
class CloudInstance:
    instance_id: str
    sequence: int
    reservation_id: str
    account_id: str
    region: str
    availability_zone: str
    instance_type: InstanceType
    image_id: str
    private_ip: str
    mac_address: str
    state: InstanceState
    launched_at: datetime
    first_launched_at: datetime
    public_ip: str | None = None
    elastic_ip: str | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    detailed_monitoring: bool = False
    nested_virtualization: bool = False
    termination_protected: bool = False
    has_public_ip: bool = True
    has_cloudwatch_agent: bool = False
    state_reason: StateReason | None = None
    transition_reason: str = ""
    checks: CheckStatus = CheckStatus.NOT_APPLICABLE
    run_periods: list[RunPeriod] = field(default_factory=list[RunPeriod])
    load: Load | None = None
    power_listener: PowerListener | None = None
    transition: int = 0
    """Counted up by each change of state, so that a step of a transition that was overtaken does nothing."""
    described_xml: bytes | None = None
    status_xml: bytes | None = None

    def touch(self) -> None:
        """Forget the rendered answers after a change."""
        self.described_xml = None
        self.status_xml = None

    def enter(self, state: InstanceState) -> int:
        """Change the state; returns the number of the transition."""
        self.state = state
        self.transition += 1
        self.touch()
        return self.transition

    def power(self, *, on: bool) -> None:
        if self.power_listener is not None:
            self.power_listener(on)
