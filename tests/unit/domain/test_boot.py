"""A controller that comes up is no trouble within its budget, and a ready one is given a second chance."""

from dataclasses import replace
from datetime import datetime

import pytest
from tests.support.fake_cml_source import failed_cml_fact, good_cml_fact
from tests.support.fake_sources import running_instance
from tests.support.workers import NOW, minutes, names, new_state, worker_of

from cmlfleet.domain.boot_budget import boot_budget_seconds
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, Health
from cmlfleet.domain.facts import CMLFact
from cmlfleet.domain.sources import ErrorCode

REFUSED = ErrorCode.UNREACHABLE


def refresh(state: CMLWorkerState, at: datetime, cml: CMLFact, *, launched_at: datetime = NOW) -> list[str]:
    worker = worker_of(state)
    worker.observe_ec2(replace(running_instance(read_at=NOW), read_at=at, launched_at=launched_at))
    worker.observe_cml(cml)
    worker.conclude(now=at)
    return names(worker)


@pytest.mark.parametrize(
    ("instance_type", "first", "expected_minutes"),
    [
        ("m5zn.metal", True, 45),
        ("m5zn.metal", False, 25),
        ("c7i.metal-24xl", True, 45),
        ("m8i.2xlarge", True, 20),
        ("m8i.2xlarge", False, 10),
    ],
)
def test_the_budget_follows_type_and_kind_of_boot(instance_type: str, first: bool, expected_minutes: int) -> None:
    seconds = boot_budget_seconds(instance_type=instance_type, tags={}, first_boot=first, configured_seconds=None)
    assert seconds == expected_minutes * 60


def test_the_tag_wins_over_the_setting_and_the_setting_over_the_type() -> None:
    tags = {"cmlfleet:boot-budget": "90"}
    assert boot_budget_seconds(instance_type=None, tags=tags, first_boot=True, configured_seconds=30) == 90
    assert boot_budget_seconds(instance_type=None, tags={}, first_boot=True, configured_seconds=30) == 30
    nonsense = {"cmlfleet:boot-budget": "soon"}
    assert boot_budget_seconds(instance_type=None, tags=nonsense, first_boot=True, configured_seconds=30) == 30


def test_the_phases_of_a_boot_are_booting_without_a_word() -> None:
    state = new_state()
    phases = [
        failed_cml_fact(REFUSED, read_at=NOW + minutes(1)),
        failed_cml_fact(ErrorCode.NOT_READY, read_at=NOW + minutes(2)),
        good_cml_fact(ready=False, read_at=NOW + minutes(3)),
    ]
    for minute, fact in enumerate(phases, start=1):
        raised = refresh(state, NOW + minutes(minute), fact)
        assert state.health is Health.BOOTING
        assert "CMLWorkerSourceFailing" not in raised
    refresh(state, NOW + minutes(4), good_cml_fact(read_at=NOW + minutes(4)))
    assert state.health is Health.READY
    assert state.ready_since == NOW + minutes(4)


@pytest.mark.parametrize(("code", "health"), [(REFUSED, Health.UNREACHABLE), (ErrorCode.NOT_READY, Health.DEGRADED)])
def test_after_the_budget_it_is_trouble_and_said_once(code: ErrorCode, health: Health) -> None:
    state = new_state()
    raised: list[str] = []
    for minute in (19, 21, 22):
        raised += refresh(state, NOW + minutes(minute), failed_cml_fact(code, read_at=NOW + minutes(minute)))
    assert state.health is health
    assert raised.count("CMLWorkerSourceFailing") == 1


def test_one_failed_reading_does_not_end_ready() -> None:
    state = new_state()
    refresh(state, NOW + minutes(30), good_cml_fact(read_at=NOW + minutes(30)))
    raised = refresh(state, NOW + minutes(31), failed_cml_fact(REFUSED, read_at=NOW + minutes(31)))
    assert (state.health, state.cml_ready, raised) == (Health.READY, True, [])
    refresh(state, NOW + minutes(32), good_cml_fact(read_at=NOW + minutes(32)))
    assert state.ready_since == NOW + minutes(30)


def test_a_ready_controller_that_stops_answering_may_boot_again_and_is_unreachable_after() -> None:
    state = new_state()
    refresh(state, NOW + minutes(30), good_cml_fact(read_at=NOW + minutes(30)))
    for minute in (31, 32):
        raised = refresh(state, NOW + minutes(minute), failed_cml_fact(REFUSED, read_at=NOW + minutes(minute)))
    assert state.health is Health.BOOTING
    assert state.ready_since is None
    assert "CMLReadinessChanged" in raised
    refresh(state, NOW + minutes(42), failed_cml_fact(REFUSED, read_at=NOW + minutes(42)))
    assert state.health is Health.UNREACHABLE


def test_a_wrong_password_is_trouble_at_once_for_who_was_never_ready() -> None:
    state = new_state()
    refused = replace(
        failed_cml_fact(ErrorCode.UNAUTHORIZED, read_at=NOW + minutes(1)),
        system_information=good_cml_fact().system_information,
    )
    raised = refresh(state, NOW + minutes(1), refused)
    assert state.health is Health.DEGRADED
    assert "CMLWorkerSourceFailing" in raised
    assert state.cml_version == "2.9.1+build.7"


def test_a_new_launch_is_a_new_boot() -> None:
    state = new_state()
    refresh(state, NOW + minutes(30), good_cml_fact(read_at=NOW + minutes(30)))
    at = NOW + minutes(60)
    refresh(state, at, failed_cml_fact(REFUSED, read_at=at), launched_at=NOW + minutes(59))
    assert state.health is Health.BOOTING
    assert state.ready_since is None
