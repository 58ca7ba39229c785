"""What goes into the history of a worker's figures."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Figures of one moment, as read then; percentages 0 to 100, None where that moment tells nothing."""

    at: datetime
    cpu_utilization: float | None = None
    memory_utilization: float | None = None
    disk_utilization: float | None = None
    labs_count: int | None = None
    labs_running: int | None = None
    nodes_running: int | None = None
