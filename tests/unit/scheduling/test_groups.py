"""Groups are filled before new ones open, stay within an account and region, and are no more than are needed."""

import random

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


def test_a_thousand_that_join_fill_every_group_and_move_nobody() -> None:
    groups = MonitoringGroups()
    _filled(groups, 1100)
    before = {worker: group.group_id for group in groups for worker in group.members}
    for number in range(1100, 2100):
        groups.add(_worker(number), ACCOUNT, REGION)
    assert sorted(len(group.members) for group in groups) == [100, *[MOST_MEMBERS] * 8]
    assert {worker: group.group_id for group in groups for worker in group.members if worker in before} == before


def test_after_a_thousand_left_each_group_needs_one_fire_until_there_are_no_more_than_needed() -> None:
    groups, chance = MonitoringGroups(), random.Random(1)
    _filled(groups, 2000)
    left = set(chance.sample(range(2000), 1000))
    for number in left:
        groups.remove(_worker(number))
    assert len(list(groups)) == 8
    for group in groups:
        groups.dissolve(group.group_id)
    assert [len(group.members) for group in groups] == [MOST_MEMBERS] * 4
    assert {worker for group in groups for worker in group.members} == {
        _worker(number) for number in range(2000) if number not in left
    }


def test_the_smallest_goes_and_its_members_are_where_they_are_said_to_be() -> None:
    groups = MonitoringGroups()
    big, small = _filled(groups, MOST_MEMBERS + 2)
    for number in range(3):
        groups.remove(_worker(number))
    assert groups.dissolve(big.group_id) == ()
    assert groups.dissolve(small.group_id) == (big,)
    assert groups.get(small.group_id) is None
    assert groups.group_of(_worker(MOST_MEMBERS + 1)) is big
    assert len(groups.members_of(big.group_id)) == MOST_MEMBERS - 1


def test_a_group_whose_members_do_not_fit_elsewhere_stays() -> None:
    groups = MonitoringGroups()
    _, small = _filled(groups, MOST_MEMBERS + 1)
    groups.add(_worker(9999), ACCOUNT, Region("eu-west-1"))
    assert groups.dissolve(small.group_id) == ()
    assert groups.dissolve("unknown") == ()
    assert groups.members_of(small.group_id) == (_worker(MOST_MEMBERS),)


def test_a_group_that_another_process_left_is_taken_over_with_its_name() -> None:
    groups = MonitoringGroups()
    groups.restore("a/b/7", ACCOUNT, REGION, [_worker(number) for number in range(MOST_MEMBERS)])
    opened = groups.add(_worker(9999), ACCOUNT, REGION)
    assert opened is not None
    assert opened.group_id == f"{ACCOUNT}/{REGION}/8"
    assert groups.group_of(_worker(0)) is groups.get("a/b/7")
