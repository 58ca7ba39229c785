"""The service itself: groups, budgets, what is owed to the outbox."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cmlfleet.application.clock import Clock
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.cluster_status import ClusterStatus
from cmlfleet.application.ports.monitoring import MonitoringSchedule
from cmlfleet.application.ports.storage import Outbox
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.system_views import BudgetView, CloudWatchCostView, ProcessView, SystemView
from cmlfleet.domain.list_prices import GETMETRICDATA_USD_A_METRIC, HOURS_A_MONTH

COUNTED_AT_MOST = 10_000
RATE_KNOWN_AFTER = timedelta(minutes=30)
"""Of basic monitoring's points, six have come by then: what a start asks for at once weighs little."""


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
        clock: Clock,
    ) -> None:
        self._version = version
        self._roles = roles
        self._database = database
        self._outbox = outbox
        self._monitoring = monitoring
        self._status = status
        self._budgets = budgets
        self._clock = clock

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
            cloudwatch=cloudwatch_cost(processes, now=self._clock()),
        )


def cloudwatch_cost(processes: Sequence[ProcessView], *, now: datetime) -> CloudWatchCostView:
    """Of those that run now."""
    asking = [process for process in processes if process.cloudwatch_metrics_requested]
    requested = sum(process.cloudwatch_metrics_requested for process in asking)
    per_month: float | None = None
    if all(now - process.started_at >= RATE_KNOWN_AFTER for process in asking):
        month = timedelta(hours=HOURS_A_MONTH)
        metrics = sum(
            process.cloudwatch_metrics_requested * (month / (now - process.started_at)) for process in asking
        )
        per_month = round(metrics * GETMETRICDATA_USD_A_METRIC, 2)
    return CloudWatchCostView(
        metrics_requested=requested,
        usd=round(requested * GETMETRICDATA_USD_A_METRIC, 5),
        usd_per_month=per_month,
    )
