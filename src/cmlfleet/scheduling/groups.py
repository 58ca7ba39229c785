"""Which workers are refreshed together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil

from cmlfleet.domain.identifiers import AccountId, Region, WorkerId

MOST_MEMBERS = 250  # two metrics each: one GetMetricData call of 500

_Scope = tuple[AccountId, Region]


@dataclass(slots=True, eq=False)
class MonitoringGroup:
    """Workers of one account and region."""

    group_id: str
    account_id: AccountId
    region: Region
    members: dict[WorkerId, None] = field(default_factory=dict[WorkerId, None])

    @property
    def is_full(self) -> bool:
        """No place is left."""
        return len(self.members) >= MOST_MEMBERS


class MonitoringGroups:
    """Fills groups before it opens new ones; a worker stays where it is while its group lives.

    Who leaves makes groups superfluous: `dissolve` closes one whose members fit into the others, so that an account
    and a region keep no more groups than they need.
    """

    def __init__(self) -> None:
        self._groups: dict[str, MonitoringGroup] = {}
        self._group_of: dict[WorkerId, MonitoringGroup] = {}
        self._of_scope: dict[_Scope, dict[str, MonitoringGroup]] = {}
        self._opened = 0

    def __iter__(self) -> Iterator[MonitoringGroup]:
        return iter(tuple(self._groups.values()))

    def get(self, group_id: str) -> MonitoringGroup | None:
        """None: it is closed."""
        return self._groups.get(group_id)

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
        group = self._fullest_with_room((account_id, region))
        if group is None:
            self._opened += 1
            group = opened = MonitoringGroup(f"{account_id}/{region}/{self._opened}", account_id, region)
            self._open(group)
        self._put(worker_id, group)
        return opened

    def remove(self, worker_id: WorkerId) -> MonitoringGroup | None:
        """Take a worker out; the group, when it is empty now and gone."""
        group = self._group_of.pop(worker_id, None)
        if group is None:
            return None
        del group.members[worker_id]
        if group.members:
            return None
        self._close(group)
        return group

    def dissolve(self, group_id: str) -> Sequence[MonitoringGroup]:
        """Close the group if it is one of the smallest of its account and region, and superfluous there; the groups
        that took its members in, none when it stays.

        Right after the group's fire nobody waits longer than an interval for the next refresh.
        """
        group = self._groups.get(group_id)
        if group is None:
            return ()
        alike = self._of_scope[group.account_id, group.region].values()
        sizes = [len(other.members) for other in alike]
        superfluous = len(sizes) - ceil(sum(sizes) / MOST_MEMBERS)
        if sum(size < len(group.members) for size in sizes) >= superfluous:
            return ()
        self._close(group)
        receivers: dict[str, MonitoringGroup] = {}
        for worker_id in group.members:
            del self._group_of[worker_id]
            self.add(worker_id, group.account_id, group.region)
            receiver = self._group_of[worker_id]
            receivers[receiver.group_id] = receiver
        return tuple(receivers.values())

    def restore(self, group_id: str, account_id: AccountId, region: Region, members: Iterable[WorkerId]) -> None:
        """Take over a group as another process left it."""
        number = group_id.rpartition("/")[2]
        if number.isdecimal():
            self._opened = max(self._opened, int(number))
        group = MonitoringGroup(group_id, account_id, region)
        self._open(group)
        for worker_id in members:
            self._put(worker_id, group)

    def _fullest_with_room(self, scope: _Scope) -> MonitoringGroup | None:
        with_room = [group for group in self._of_scope.get(scope, {}).values() if not group.is_full]
        return max(with_room, key=lambda group: len(group.members), default=None)

    def _put(self, worker_id: WorkerId, group: MonitoringGroup) -> None:
        group.members[worker_id] = None
        self._group_of[worker_id] = group

    def _open(self, group: MonitoringGroup) -> None:
        self._groups[group.group_id] = group
        self._of_scope.setdefault((group.account_id, group.region), {})[group.group_id] = group

    def _close(self, group: MonitoringGroup) -> None:
        del self._groups[group.group_id]
        del self._of_scope[group.account_id, group.region][group.group_id]
