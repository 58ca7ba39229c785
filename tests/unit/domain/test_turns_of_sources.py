"""When each source is asked again: at its turn, when new data can exist, and less often while it keeps failing."""

import pytest
from tests.support.fake_cml_source import failed_cml_fact
from tests.support.fake_sources import cloudwatch_failure, ec2_failure
from tests.support.workers import NOW, minutes, new_state, worker_of
from tests.unit.domain.test_cml_worker import read, stable

from cmlfleet.domain.facts import Datapoint, UtilizationFact
from cmlfleet.domain.sources import ErrorCode, Source


def test_a_source_is_due_an_interval_later_even_if_the_turn_comes_a_moment_too_early() -> None:
    state = new_state()
    read(state)
    assert state.sources[Source.CML].next_due_at == NOW + minutes(1)
    assert worker_of(state).is_due(Source.CML, now=NOW + minutes(0.99))
    assert not worker_of(state).is_due(Source.CML, now=NOW + minutes(0.4))


def test_a_source_that_keeps_failing_is_asked_less_often_but_not_for_ever_less() -> None:
    state = new_state()
    pauses: list[float] = []
    read(state)
    for count in range(1, 12):
        at = NOW + minutes(20 * count)
        worker = worker_of(state)
        worker.observe_ec2(stable(at))
        worker.observe_cml(failed_cml_fact(ErrorCode.UNAUTHORIZED, read_at=at))
        due_at = state.sources[Source.CML].next_due_at
        assert due_at is not None
        pauses.append((due_at - at).total_seconds())
    assert pauses[:5] == [60, 60, 60, 120, 240]
    assert pauses[-1] == 600


@pytest.mark.parametrize(("detailed", "due_after"), [(False, 5), (True, 1)])
def test_a_series_without_datapoints_is_asked_for_as_often_as_one_can_come(detailed: bool, due_after: int) -> None:
    state = new_state()
    worker = worker_of(state)
    worker.observe_ec2(stable(NOW, detailed_monitoring=detailed))
    worker.observe_cloudwatch(UtilizationFact(read_at=NOW, cpu=None, memory=None))
    assert not worker.is_due(Source.CLOUDWATCH, now=NOW + minutes(due_after - 0.1))
    assert worker.is_due(Source.CLOUDWATCH, now=NOW + minutes(due_after))


@pytest.mark.parametrize(("detailed", "due_after"), [(False, 6), (True, 1)])
def test_cloudwatch_is_due_when_a_new_datapoint_can_exist(detailed: bool, due_after: int) -> None:
    state = new_state()
    worker = worker_of(state)
    worker.observe_ec2(stable(NOW, detailed_monitoring=detailed))
    period = minutes(1) if detailed else minutes(5)
    newest = NOW - period - minutes(1)
    worker.observe_cloudwatch(UtilizationFact(read_at=NOW, cpu=Datapoint(percent=1.0, at=newest), memory=None))
    assert not worker.is_due(Source.CLOUDWATCH, now=NOW + minutes(due_after - 0.1))
    assert worker.is_due(Source.CLOUDWATCH, now=NOW + minutes(due_after))


def test_an_agents_newer_point_of_memory_does_not_put_off_that_of_cpu() -> None:
    state = new_state()
    worker = worker_of(state)
    worker.observe_ec2(stable(NOW))
    cpu, memory = (Datapoint(percent=1.0, at=NOW - minutes(age)) for age in (11, 6))
    worker.observe_cloudwatch(UtilizationFact(read_at=NOW, cpu=cpu, memory=memory))
    assert worker.is_due(Source.CLOUDWATCH, now=NOW + minutes(1))


def test_a_point_of_each_minute_is_read_at_each_turn() -> None:
    """The next turn comes an interval after this one, a moment less than that after its reading."""
    state = new_state()
    worker = worker_of(state)
    worker.observe_ec2(stable(NOW, detailed_monitoring=True))
    newest = NOW - minutes(2.5)
    worker.observe_cloudwatch(UtilizationFact(read_at=NOW, cpu=Datapoint(percent=1.0, at=newest), memory=None))
    assert worker.is_due(Source.CLOUDWATCH, now=NOW + minutes(0.99))


def test_cloudwatch_that_failed_is_tried_again_at_the_next_turn() -> None:
    """Its newest datapoint was not read: there is no reason to wait for the one after it."""
    state = new_state()
    worker = worker_of(state)
    worker.observe_ec2(stable(NOW))
    worker.observe_cloudwatch(cloudwatch_failure(ErrorCode.THROTTLED, read_at=NOW))
    assert not worker.is_due(Source.CLOUDWATCH, now=NOW + minutes(0.1))
    assert worker.is_due(Source.CLOUDWATCH, now=NOW + minutes(0.9))


def test_what_aws_throttles_for_long_is_read_at_the_first_turn_after_it() -> None:
    """Its operation is asked less often already: the worker waits no longer on top of that."""
    state = new_state()
    worker = worker_of(state)
    for minute in range(30):
        at = NOW + minutes(minute)
        worker.observe_ec2(ec2_failure(ErrorCode.THROTTLED, read_at=at) if minute else stable(at))
        worker.observe_cloudwatch(cloudwatch_failure(ErrorCode.THROTTLED, read_at=at))
        for source in (Source.EC2, Source.CLOUDWATCH):
            assert worker.is_due(source, now=at + minutes(0.9)), "the turn a minute later comes too early"
