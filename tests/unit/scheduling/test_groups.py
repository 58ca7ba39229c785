"""Groups are filled before new ones open, stay within an account and region, and vanish with their last member."""

from tests.support.application_scene import ACCOUNT, REGION

from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.scheduling.groups import MOST_MEMBERS, MonitoringGroup, MonitoringGroups


def _worker(number: int) -> WorkerId:
    return WorkerId(f"w-{number}")


def _filled(groups: MonitoringGroups, count: int) -> list[MonitoringGroup]:
    opened = [groups.add(_worker(number), ACCOUNT, REGION) for number in range(count)]
    return [group for group in opened if group is not None]


def test_a_group_is_filled_before_the_next_opens() -> None:
    opened = _filled(MonitoringGroups(), 2 * MOST_MEMBERS + 1)
    assert [len(group.members) for group in opened] == [MOST_MEMBERS, MOST_MEMBERS, 1]


def test_accounts_and_regions_do_not_mix() -> None:
    groups = MonitoringGroups()
    groups.add(_worker(1), ACCOUNT, REGION)
    groups.add(_worker(2), ACCOUNT, Region("eu-west-1"))
    groups.add(_worker(3), AccountId("999999999999"), REGION)
    assert [len(group.members) for group in groups] == [1, 1, 1]


def test_a_place_that_became_free_is_taken_again() -> None:
    groups = MonitoringGroups()
    _filled(groups, MOST_MEMBERS + 1)
    groups.remove(_worker(0))
    assert groups.add(_worker(9999), ACCOUNT, REGION) is None
    assert [len(group.members) for group in groups] == [MOST_MEMBERS, 1]


def test_who_is_in_stays_where_it_is() -> None:
    groups = MonitoringGroups()
    (group,) = _filled(groups, 1)
    assert groups.add(_worker(0), ACCOUNT, REGION) is None
    assert groups.group_of(_worker(0)) is group
    assert groups.members_of(group.group_id) == (_worker(0),)


def test_the_last_member_takes_its_group_along() -> None:
    groups = MonitoringGroups()
    (group,) = _filled(groups, 1)
    assert groups.remove(_worker(0)) is group
    assert groups.remove(_worker(0)) is None
    assert list(groups) == []
    assert groups.members_of(group.group_id) == ()
