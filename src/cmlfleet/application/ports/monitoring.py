"""Background monitoring, as the application asks for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cmlfleet.application.queries.system_views import MonitoringGroupView
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId


class MonitoringSchedule(Protocol):
    """Who is refreshed when. Saying what is so already does nothing."""

    def ensure(self, worker_id: WorkerId, account_id: AccountId, region: Region) -> None: ...
    def remove(self, worker_id: WorkerId) -> None: ...
    def next_refresh_at(self, worker_id: WorkerId) -> datetime | None: ...
    def groups(self) -> Sequence[MonitoringGroupView]: ...
