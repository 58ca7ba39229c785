"""How a controller comes up after power-on, as seen from the network."""

from dataclasses import dataclass
from enum import StrEnum


class BootPhase(StrEnum):
    """What a caller meets on port 443."""

    OFF = "off"
    REFUSED = "refused"
    BAD_GATEWAY = "bad_gateway"
    NOT_READY = "not_ready"
    READY = "ready"


@dataclass(frozen=True, kw_only=True)
class BootPhases:
    """The length of each phase, in simulated seconds; `math.inf` keeps a controller in that phase.

    `reboots_once` plays the one reboot with which CML on AWS ends its first boot: ready, gone, ready again.
    """

    refused_seconds: float = 20.0
    bad_gateway_seconds: float = 15.0
    not_ready_seconds: float = 15.0
    reboots_once: bool = False
    ready_before_reboot_seconds: float = 20.0


@dataclass(frozen=True, kw_only=True)
class BootTimeline:
    """The phases laid out on the clock: each with the moment it ends (simulated, monotonic)."""

    steps: tuple[tuple[float, BootPhase], ...]

    @staticmethod
    def starting(*, at: float, phases: BootPhases, first_boot: bool) -> "BootTimeline":
        lengths = [
            (phases.refused_seconds, BootPhase.REFUSED),
            (phases.bad_gateway_seconds, BootPhase.BAD_GATEWAY),
            (phases.not_ready_seconds, BootPhase.NOT_READY),
        ]
        if first_boot and phases.reboots_once:
            lengths = [*lengths, (phases.ready_before_reboot_seconds, BootPhase.READY), *lengths]
        steps: list[tuple[float, BootPhase]] = []
        for seconds, phase in lengths:
            at += seconds
            steps.append((at, phase))
        return BootTimeline(steps=tuple(steps))

    @staticmethod
    def already_up() -> "BootTimeline":
        return BootTimeline(steps=())

    def phase_at(self, moment: float) -> BootPhase:
        for ends_at, phase in self.steps:
            if moment < ends_at:
                return phase
        return BootPhase.READY

    def next_change_after(self, moment: float) -> float | None:
        """When the phase at that moment ends, or None when it is the last one."""
        for ends_at, _ in self.steps:
            if moment < ends_at:
                return ends_at
        return None

    @property
    def ready_at(self) -> float | None:
        """When the last phase began, or None for a controller that was up before the simulation began."""
        return self.steps[-1][0] if self.steps else None
