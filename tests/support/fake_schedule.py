"""A monitoring schedule that never fires."""

from collections.abc import Sequence
from datetime import datetime

from cmlfleet.application.queries.system_views import MonitoringGroupView
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId


class FakeSchedule:
    """Implements `MonitoringSchedule`; `members` is who is monitored now."""

    def __init__(self) -> None:
        self.members: set[WorkerId] = set()

    def ensure(self, worker_id: WorkerId, account_id: AccountId, region: Region) -> None:
        self.members.add(worker_id)

    def remove(self, worker_id: WorkerId) -> None:
        self.members.discard(worker_id)

    def next_refresh_at(self, worker_id: WorkerId) -> datetime | None:
        return None

    def groups(self) -> Sequence[MonitoringGroupView]:
        return ()
