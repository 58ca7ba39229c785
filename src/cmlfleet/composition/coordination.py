"""What differs between one process alone and several together, behind one shape."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cmlfleet.api.stream import StreamHub
from cmlfleet.application.clock import Clock
from cmlfleet.application.mediator import Mediator
from cmlfleet.application.ports.cluster_status import ClusterStatus
from cmlfleet.application.ports.monitoring import MonitoringSchedule
from cmlfleet.application.ports.refresh_sharing import RefreshSharing
from cmlfleet.application.ports.storage import Operation
from cmlfleet.application.services.saved_records import SavedRecords
from cmlfleet.application.services.scope_standing import ScopeStandings
from cmlfleet.composition.sources import Sources
from cmlfleet.observability.metrics.service_metrics import ServiceMetrics
from cmlfleet.observability.metrics.worker_metrics import WorkerMetrics
from cmlfleet.persistence.storage import Storage
from cmlfleet.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What every process has. The mediator is made last, so it is asked for."""

    process_id: str
    settings: Settings
    clock: Clock
    storage: Storage
    sources: Sources
    saved_records: SavedRecords
    standings: ScopeStandings
    worker_metrics: WorkerMetrics
    metrics: ServiceMetrics
    mediator: Callable[[], Mediator]


class Coordination(ClusterStatus, Protocol):
    """Who does what when, and who hears of it."""

    @property
    def monitoring(self) -> MonitoringSchedule: ...
    @property
    def hub(self) -> StreamHub: ...
    @property
    def silent_seconds(self) -> float:
        """After which whoever ran an operation is dead."""
        ...

    @property
    def sharing(self) -> RefreshSharing | None:
        """None: nobody else refreshes."""
        ...

    def wake_delivery(self) -> None:
        """Events were committed."""
        ...

    def observe_operation(self, operation: Operation) -> None:
        """An operation made progress."""
        ...

    async def prepare(self) -> None:
        """Before anything else: the schema. Raises StorageUnavailable, SchemaMismatch and CannotJoin."""
        ...

    async def start(self, roles: Sequence[str]) -> None:
        """Begin with the work of these roles. Raises StorageUnavailable."""
        ...

    async def stop_work(self) -> None:
        """Take on nothing new, and let what runs finish, within ten seconds."""
        ...

    async def close(self) -> None:
        """After everybody else has stopped."""
        ...

    async def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether the process can do its work, and how its parts are, `ok` or what is wrong."""
        ...
