"""Which datapoints exist, to the second."""

from datetime import UTC, datetime, timedelta

import pytest

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.cloud import past
from cmlfleet.simulator.cloud.instance import CloudInstance
from cmlfleet.simulator.cloud.metric_points import CPU, MEMORY, PointHistory
from cmlfleet.simulator.cloud.world import CloudWorld
from cmlfleet.simulator.plans import FIRST_ACCOUNT
from cmlfleet.simulator.timeline import Timeline

NOON_AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def instance() -> CloudInstance:
    """Running since 11:00, on basic monitoring."""
    clock = SimulationClock(start_at=NOON_AT)
    world = CloudWorld(accounts=[FIRST_ACCOUNT], clock=clock, timeline=Timeline(clock=clock), seed=1)
    region = world.region(account_id=FIRST_ACCOUNT.account_id, name="us-east-1")
    launched = region.launch(type_name="m8i.2xlarge", image_id="ami-1", tags={})
    past.has_run_since(launched, NOON_AT - timedelta(hours=1))
    return launched


def minutes_past_eleven(instance: CloudInstance, *, now_at: datetime, metric: str = CPU) -> list[float]:
    points = PointHistory().points(
        instance=instance,
        metric=metric,
        from_at=(now_at - timedelta(minutes=15)).timestamp(),
        to_at=now_at.timestamp(),
        now_at=now_at.timestamp(),
    )
    eleven = NOON_AT - timedelta(hours=1)
    return [(point.at - eleven.timestamp()) / 60 for point in points]


def test_a_basic_point_can_be_read_ninety_seconds_after_its_five_minutes(instance: CloudInstance) -> None:
    assert minutes_past_eleven(instance, now_at=NOON_AT + timedelta(seconds=89)) == [50]
    assert minutes_past_eleven(instance, now_at=NOON_AT + timedelta(seconds=90)) == [50, 55]


def test_a_detailed_point_45_seconds_after_its_minute(instance: CloudInstance) -> None:
    instance.detailed_monitoring = True
    assert minutes_past_eleven(instance, now_at=NOON_AT + timedelta(seconds=44))[-1] == 58
    assert minutes_past_eleven(instance, now_at=NOON_AT + timedelta(seconds=45))[-1] == 59


def test_the_agent_publishes_each_minute_whatever_the_mode(instance: CloudInstance) -> None:
    assert minutes_past_eleven(instance, now_at=NOON_AT, metric=MEMORY)[-3:] == [56, 57, 58]


def test_no_points_from_before_a_launch_or_after_a_stop(instance: CloudInstance) -> None:
    instance.detailed_monitoring = True
    past.was_stopped(
        instance,
        began_at=NOON_AT - timedelta(minutes=10),
        stopped_at=NOON_AT - timedelta(minutes=5, seconds=30),
    )
    assert minutes_past_eleven(instance, now_at=NOON_AT) == [50, 51, 52, 53, 54]
