"""The machines of one CML system: the controller, and the computes of a cluster."""

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class ComputeHost:
    id: str
    hostname: str
    is_controller: bool
    is_simulator: bool
    server_address: str
    cpu_count: int
    memory_bytes: int
    disk_bytes: int
    admission_state: str = "READY"
    is_connected: bool = True
    disk_used_percent: float | None = None
    failed_checks: set[str] = field(default_factory=set[str])
    orphans: int = 0
    running_orphans: int = 0

    @property
    def can_start_nodes(self) -> bool:
        return self.is_simulator and self.is_connected and self.admission_state == "READY"
