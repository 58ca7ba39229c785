"""Which workers are refreshed together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cmlfleet.domain.identifiers import AccountId, Region, WorkerId

MOST_MEMBERS = 250  # two metrics each: one GetMetricData call of 500


@dataclass(slots=True, eq=False)
class MonitoringGroup:
    """Workers of one account and region."""

    group_id: str
    account_id: AccountId
    region: Region
    members: dict[WorkerId, None] = field(default_factory=dict[WorkerId, None])


class MonitoringGroups:
    """Fills groups before it opens new ones; a worker stays where it is while its group lives."""

    def __init__(self) -> None:
        self._groups: dict[str, MonitoringGroup] = {}
        self._group_of: dict[WorkerId, MonitoringGroup] = {}
        self._opened = 0

    def __iter__(self) -> Iterator[MonitoringGroup]:
        return iter(tuple(self._groups.values()))

    def group_of(self, worker_id: WorkerId) -> MonitoringGroup | None:
        """Where a worker is; None: nowhere."""
        return self._group_of.get(worker_id)

    def members_of(self, group_id: str) -> Sequence[WorkerId]:
        """Who is in the group now."""
        group = self._groups.get(group_id)
        return () if group is None else tuple(group.members)

    def add(self, worker_id: WorkerId, account_id: AccountId, region: Region) -> MonitoringGroup | None:
        """Put a worker into a group; the group, when it had to be opened for it."""
        if worker_id in self._group_of:
            return None
        opened = None
        group = next(
            (
                group
                for group in self._groups.values()
                if (group.account_id, group.region) == (account_id, region) and len(group.members) < MOST_MEMBERS
            ),
            None,
        )
        if group is None:
            self._opened += 1
            group = opened = MonitoringGroup(f"{account_id}/{region}/{self._opened}", account_id, region)
            self._groups[group.group_id] = group
        group.members[worker_id] = None
        self._group_of[worker_id] = group
        return opened

    def remove(self, worker_id: WorkerId) -> MonitoringGroup | None:
        """Take a worker out; the group, when it is empty now and gone."""
        group = self._group_of.pop(worker_id, None)
        if group is None:
            return None
        del group.members[worker_id]
        if group.members:
            return None
        del self._groups[group.group_id]
        return group
