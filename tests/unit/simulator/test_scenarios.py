import pytest

from cmlfleet.simulator.faults import CATALOGUE, FaultName, FaultScope
from cmlfleet.simulator.plans import HOME_REGION, BeatAction, PowerPlan, WorkerPlan
from cmlfleet.simulator.scenarios import SCENARIOS, UnknownScenarioError, WorkerCountError, scenario


def worker_with(plans: list[WorkerPlan], fault: FaultName) -> WorkerPlan:
    (found,) = [plan for plan in plans if fault in {each.name for each in plan.faults}]
    return found


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_same_seed_gives_the_same_plans_and_names_are_unique(name: str) -> None:
    assert scenario(name, workers=40, seed=3) == scenario(name, workers=40, seed=3)
    names = [plan.name for plan in scenario(name, workers=40, seed=3).workers]
    assert len(set(names)) == len(names)


def test_another_seed_gives_others() -> None:
    assert scenario("steady", workers=40, seed=3) != scenario("steady", workers=40, seed=4)


def test_steady_is_steady() -> None:
    steady = scenario("steady", workers=30, seed=1)
    assert len(steady.workers) == 30
    assert {(plan.region, plan.account_id) for plan in steady.workers} == {(HOME_REGION, "111122223333")}
    assert {plan.power for plan in steady.workers} == {PowerPlan.READY}
    assert all(plan.labs and not plan.faults for plan in steady.workers)
    assert not steady.faults


def test_multi_spreads_over_four_regions_of_two_accounts() -> None:
    multi = scenario("multi", workers=16, seed=1)
    assert len({(plan.account_id, plan.region) for plan in multi.workers}) == 8


def test_chaos_plays_every_fault_a_worker_can_have() -> None:
    names = {name for name, kind in CATALOGUE.items() if kind.scope is not FaultScope.CLOUD}
    chaos = scenario("chaos", workers=len(names), seed=1)
    assert [len(plan.faults) for plan in chaos.workers] == [1] * len(names)
    assert {plan.faults[0].name for plan in chaos.workers} == names


def test_the_team_tells_its_whole_story() -> None:
    team = scenario("team", workers=12, seed=1)
    at_home = [plan for plan in team.workers if plan.region == HOME_REGION]
    assert len(at_home) == 12
    assert all(plan.story for plan in team.workers)
    full = worker_with(at_home, FaultName.DISK_FULL)
    running = sum(lab.node_count for lab in full.labs if lab.started)
    assert (running, full.node_quota) == (20, 20)
    assert worker_with(at_home, FaultName.WRONG_PASSWORD)
    assert worker_with(at_home, FaultName.OUT_OF_COMPLIANCE)
    assert worker_with(at_home, FaultName.SCHEDULED_RETIREMENT)
    cluster = worker_with(at_home, FaultName.COMPUTE_LOST)
    assert [plan.controller_name for plan in at_home if plan.controller_name] == [cluster.name]
    assert [plan.power for plan in at_home].count(PowerPlan.STOPPED) == 1
    assert [plan.power for plan in at_home].count(PowerPlan.BOOTING) == 2
    denied = {(fault.region, fault.operation) for fault in team.faults if fault.name is FaultName.DENIED}
    assert ("eu-west-1", "DescribeInstances") in denied
    assert {beat.action for beat in team.beats} == set(BeatAction)


def test_the_team_grows_by_ordinary_workers() -> None:
    team = scenario("team", workers=15, seed=1)
    assert len([plan for plan in team.workers if plan.region == HOME_REGION]) == 15


def test_the_team_is_not_played_with_fewer_than_its_story_needs() -> None:
    with pytest.raises(WorkerCountError, match="at least 12, not 5"):
        scenario("team", workers=5, seed=1)


def test_an_unknown_scenario_lists_what_exists() -> None:
    with pytest.raises(UnknownScenarioError, match=r"'wild'.*steady, team, multi, chaos"):
        scenario("wild", workers=1, seed=1)
