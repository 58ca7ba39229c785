"""How long the simulated EC2 takes between states."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TransitionTimes:
    """Seconds on the simulator's clock. EC2 itself takes from half a minute to twenty: these are long enough
    to be seen by a poller and short enough to be waited for."""

    pending_seconds: float = 4.0
    stopping_seconds: float = 6.0
    shutting_down_seconds: float = 6.0
    metal_factor: float = 2.0
    checks_seconds: float = 20.0
    terminated_visible_seconds: float = 3300.0  # "usually less than one hour", DescribeInstances
