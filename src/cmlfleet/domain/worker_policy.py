"""What the configuration says about how workers are judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPolicy:
    """`boot_budget_seconds` None: by instance type. `prefer_private_ip` picks the address of the CML API.

    `refresh_interval_seconds` is the period of background readings, from which staleness and back-off follow.
    """

    refresh_interval_seconds: int = 60
    boot_budget_seconds: int | None = None
    prefer_private_ip: bool = False
    discovery_tags: Mapping[str, str] = field(default_factory=dict[str, str])
