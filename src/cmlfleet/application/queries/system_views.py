"""What the query for the service itself answers: plain data, as the public interface shows it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringGroupView:
    """One recurrent job over workers of one account and region."""

    id: str
    account_id: str
    region: str
    workers: int
    next_fire_at: datetime | None
    last_fire_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetView:
    """Calls that one AWS operation may make in one account and region."""

    account_id: str
    region: str
    operation: str
    tokens: float
    rate_per_second: float
    throttled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessView:
    """One process of the installation; `aws_throttled` names operations that AWS slows down for it, and
    `cloudwatch_metrics_requested` counts what it has asked of GetMetricData since it started."""

    id: str
    roles: tuple[str, ...]
    leads: bool
    host: str
    pid: int
    version: str
    started_at: datetime
    groups_running: int
    aws_throttled: tuple[str, ...]
    cloudwatch_metrics_requested: int = 0  # a process of before does not tell it


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """Fires of monitoring groups that wait for a process, and that processes have taken and not finished."""

    waiting: int
    taken: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudWatchCostView:
    """What the processes that run now have asked of GetMetricData since each of them started, and what AWS bills for
    that at its list price; those that have ended are not in it.

    `usd_per_month` is a month of 730 hours at the mean rate so far, null while a process that asks is too young to
    tell: a start asks for everything at once.
    """

    metrics_requested: int
    usd: float
    usd_per_month: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemView:
    """The service itself: what is otherwise read from logs.

    `version`, `roles` and `aws_budgets` are those of the process that answers; `leader` is the id of the one that
    schedules, null while none does, and `queue` null where one process does everything.
    """

    version: str
    roles: tuple[str, ...]
    database: str
    processes: tuple[ProcessView, ...]
    leader: str | None
    queue: QueueView | None
    outbox_pending: int
    groups: tuple[MonitoringGroupView, ...]
    aws_budgets: tuple[BudgetView, ...]
    cloudwatch: CloudWatchCostView
