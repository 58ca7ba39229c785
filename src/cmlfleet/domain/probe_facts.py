"""What a probe of a controller met, step by step from the network up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cmlfleet.domain.facts import CMLHealth, CMLSystemInformation
from cmlfleet.domain.sources import ErrorCode


class ProbeStep(StrEnum):
    """In the order in which they are taken; up to `system_information` one that fails ends the probe."""

    ADDRESS = "address"
    TCP = "tcp"
    TLS = "tls"
    SYSTEM_INFORMATION = "system_information"
    SIGN_IN = "sign_in"
    START_UP = "start_up"
    HEALTH = "health"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailure:
    """Why a step failed; `status` is the HTTP status where there was one."""

    code: ErrorCode
    detail: str
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerProbeFact:
    """`steps` holds the steps that were taken, with None for one that went well.

    `address` and `port` are where the probe connected; `refused`: the address answered that nothing listens there.
    `start_up` holds the flags of
    `GET /diagnostics/startup_scheduler` (2.9 on, administrators only), None when they could not be read.
    """

    endpoint: str
    address: str | None = None
    port: int | None = None
    refused: bool = False
    steps: Mapping[ProbeStep, StepFailure | None] = field(default_factory=dict[ProbeStep, StepFailure | None])
    has_credentials: bool = True
    system_information: CMLSystemInformation | None = None
    start_up: Mapping[str, bool | None] | None = None
    health: CMLHealth | None = None
    maintenance_mode: bool | None = None

    def failure(self, step: ProbeStep) -> StepFailure | None:
        """Why the step failed; None when it went well or was not taken."""
        return self.steps.get(step)
