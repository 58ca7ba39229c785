"""GetMetricData's calls are filled with what other groups of the account and region will soon ask for."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from tests.support.aws_scene import AwsScene, aws_scene, failure, utilization

from cmlfleet.domain.facts import CloudWatchFact
from cmlfleet.domain.identifiers import InstanceId
from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.faults import FaultName

INTERVAL_SECONDS = 60.0
PATIENCE_SECONDS = 45.0
START = datetime(2026, 11, 2, 12, 1, 20, tzinfo=UTC)
NEW_POINT_AFTER_SECONDS = 40.0  # that of 11:55, which is looked for at 12:02


@dataclass
class TwoGroups:
    """Both had a turn at 12:01:20, which got the point of 11:50."""

    scene: AwsScene
    traveller: time_machine.Traveller
    first: Sequence[InstanceId]
    second: Sequence[InstanceId]

    async def fire(
        self, group: Sequence[InstanceId], *, max_age_seconds: float = PATIENCE_SECONDS
    ) -> list[CloudWatchFact]:
        """As the schedule does it."""
        read = (self.scene.metrics(each, detailed=False, max_age_seconds=max_age_seconds) for each in group)
        return await asyncio.gather(*read)

    async def calls_of(self, group: Sequence[InstanceId], *, max_age_seconds: float = PATIENCE_SECONDS) -> int:
        before = self.scene.calls("GetMetricData")
        for fact in await self.fire(group, max_age_seconds=max_age_seconds):
            assert utilization(fact).cpu is not None
        return self.scene.calls("GetMetricData") - before

    def wait(self, seconds: float) -> None:
        """For the simulated cloud, for this machine's clock, and for the adapters'."""
        self.scene.server.clock.advance(seconds)
        self.scene.clock.jumped_seconds += seconds
        self.traveller.shift(timedelta(seconds=seconds))


@pytest.fixture
async def groups(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TwoGroups]:
    with time_machine.travel(START, tick=True) as traveller:
        async with aws_scene(
            monkeypatch,
            workers=40,
            clock=SimulationClock(start_at=START),
            ahead_interval_seconds=INTERVAL_SECONDS,
        ) as scene:
            basic = [
                each.instance for each in scene.server.fleet.workers.values() if not each.plan.detailed_monitoring
            ]
            ids = [InstanceId(each.instance_id) for each in basic]
            groups = TwoGroups(scene, traveller, ids[:12], ids[12:24])
            assert await groups.calls_of(groups.first) == 1
            assert await groups.calls_of(groups.second) == 1
            yield groups


async def test_what_is_due_soon_is_asked_for_with_those_whose_turn_it_is(groups: TwoGroups) -> None:
    groups.wait(NEW_POINT_AFTER_SECONDS + 10)
    assert await groups.calls_of(groups.first) == 1
    groups.wait(10)
    asked_before = datetime.now(UTC) - timedelta(seconds=5)
    facts = [utilization(fact) for fact in await groups.fire(groups.second)]
    assert groups.scene.calls("GetMetricData") == 3
    assert all(fact.read_at < asked_before for fact in facts)


async def test_what_can_have_no_new_point_is_left_alone(groups: TwoGroups) -> None:
    groups.wait(NEW_POINT_AFTER_SECONDS - 10)
    assert await groups.calls_of(groups.first) == 1
    assert await groups.calls_of(groups.second) == 1


async def test_what_has_its_turn_much_later_is_left_alone(groups: TwoGroups) -> None:
    """What is asked for now would be too old by then, and be asked and paid for once more."""
    groups.wait(NEW_POINT_AFTER_SECONDS + 40)
    assert await groups.calls_of(groups.first) == 1
    assert await groups.calls_of(groups.second) == 1
    groups.wait(265)  # five seconds after the next point, 25 after the last turn
    assert await groups.calls_of(groups.first) == 1
    assert await groups.calls_of(groups.second) == 1


async def test_a_person_asks_anew(groups: TwoGroups) -> None:
    groups.wait(NEW_POINT_AFTER_SECONDS + 10)
    await groups.fire(groups.first)
    assert await groups.calls_of(groups.second, max_age_seconds=0) == 1


async def test_an_answer_is_given_once(groups: TwoGroups) -> None:
    groups.wait(NEW_POINT_AFTER_SECONDS + 10)
    await groups.fire(groups.first)
    assert await groups.calls_of(groups.second) == 0
    assert await groups.calls_of(groups.second) == 1


async def test_what_nobody_came_for_in_time_is_old(groups: TwoGroups) -> None:
    groups.wait(NEW_POINT_AFTER_SECONDS + 10)
    await groups.fire(groups.first)
    groups.wait(PATIENCE_SECONDS + 1)
    assert await groups.calls_of(groups.second) == 1


async def test_a_failure_is_that_of_those_whose_turn_it_was(groups: TwoGroups) -> None:
    groups.wait(NEW_POINT_AFTER_SECONDS + 10)
    groups.scene.faults.set(FaultName.METRICS_INTERNAL_ERROR)
    assert all(failure(fact) for fact in await groups.fire(groups.first))
    groups.scene.faults.clear()
    assert await groups.calls_of(groups.second) == 1
