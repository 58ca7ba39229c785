"""The service itself: groups, budgets, what is owed to the outbox."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.cluster_status import ClusterStatus
from cmlfleet.application.ports.monitoring import MonitoringSchedule
from cmlfleet.application.ports.storage import Outbox
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.system_views import BudgetView, SystemView

COUNTED_AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class GetSystemQuery(Message[SystemView]):
    """For whoever sees the whole fleet."""


class GetSystemQueryHandler:
    """Raises StorageUnavailable."""

    def __init__(
        self,
        *,
        version: str,
        roles: tuple[str, ...],
        database: str,
        outbox: Outbox,
        monitoring: MonitoringSchedule,
        status: ClusterStatus,
        budgets: Callable[[], Sequence[BudgetView]],
    ) -> None:
        self._version = version
        self._roles = roles
        self._database = database
        self._outbox = outbox
        self._monitoring = monitoring
        self._status = status
        self._budgets = budgets

    async def handle_async(self, message: GetSystemQuery, principal: Principal) -> SystemView:
        """As of this moment."""
        processes = tuple(self._status.processes())
        return SystemView(
            version=self._version,
            roles=self._roles,
            database=self._database,
            processes=processes,
            leader=next((process.id for process in processes if process.leads), None),
            queue=self._status.queue(),
            outbox_pending=len(await self._outbox.pending(limit=COUNTED_AT_MOST)),
            groups=tuple(self._monitoring.groups()),
            aws_budgets=tuple(self._budgets()),
        )
