"""The sizes of AWS's buckets, on a clock that is moved by hand."""

import pytest

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.cloud.throttle import Throttle


def admitted(throttle: Throttle, bucket: str, *, resources: int = 0, tries: int = 1200) -> int:
    """How many calls pass before the first that does not."""
    for count in range(tries):
        if not throttle.admits(account_id="1", region="r", bucket=bucket, resources=resources):
            return count
    return tries


@pytest.mark.parametrize(
    ("bucket", "burst", "per_second"),
    [
        ("DescribeInstances", 100, 20),
        ("DescribeInstances/unpaged", 50, 10),
        ("DescribeInstanceStatus", 100, 20),
        ("StartInstances", 5, 2),
        ("StopInstances", 50, 5),
        ("TerminateInstances", 100, 5),
        ("CreateTags", 100, 10),
        ("GetMetricData", 500, 500),
        ("ListMetrics", 25, 25),
    ],
)
def test_a_burst_then_the_refill(bucket: str, burst: int, per_second: int) -> None:
    clock = SimulationClock()
    throttle = Throttle(clock=clock)
    assert burst <= admitted(throttle, bucket) <= burst + per_second * 0.1 + 1
    clock.advance(1)
    assert per_second <= admitted(throttle, bucket) <= per_second * 1.1 + 1


def test_starting_costs_a_token_for_each_instance() -> None:
    clock = SimulationClock()
    throttle = Throttle(clock=clock)
    assert admitted(throttle, "StartInstances", resources=500, tries=5) == 2
    clock.advance(250)
    assert admitted(throttle, "StartInstances", resources=500, tries=5) == 1


def test_accounts_regions_and_operations_have_buckets_of_their_own() -> None:
    throttle = Throttle(clock=SimulationClock())
    admitted(throttle, "StartInstances")
    assert throttle.admits(account_id="1", region="other", bucket="StartInstances")
    assert throttle.admits(account_id="2", region="r", bucket="StartInstances")
    assert throttle.admits(account_id="1", region="r", bucket="RunInstances")


def test_datapoints_are_counted_as_they_may_exist() -> None:
    clock = SimulationClock()
    throttle = Throttle(clock=clock)

    def admits() -> bool:
        return throttle.admits_datapoints(account_id="1", region="r", datapoints=90_000)

    assert [admits() for _ in range(3)] == [True, True, False]
    clock.advance(1)
    assert admits()


def test_it_can_be_switched_off() -> None:
    throttle = Throttle(clock=SimulationClock(), enabled=False)
    assert admitted(throttle, "StartInstances", tries=50) == 50


def test_a_bucket_never_holds_more_than_its_size() -> None:
    clock = SimulationClock()
    throttle = Throttle(clock=clock)
    throttle.admits(account_id="1", region="r", bucket="StartInstances")
    clock.advance(86_400)
    assert admitted(throttle, "StartInstances", tries=20) in {5, 6}
