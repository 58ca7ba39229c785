"""What of a controller is read in the background, and how often."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.support.fake_cml_source import good_cml_fact
from tests.support.fake_sources import running_instance
from tests.support.workers import NOW, minutes, new_state, worker_of

from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.facts import CMLFact, CMLHealth, CMLReadingPlan
from cmlfleet.domain.reading_plan import plan_reading
from cmlfleet.domain.sources import CMLPart, ErrorCode, Outcome, PartStatus

SECOND = timedelta(seconds=1)
ALL = frozenset(CMLPart)


def _fact(read_at: datetime, **parts: PartStatus) -> CMLFact:
    """A reading of everything, but for the parts told."""
    fact = good_cml_fact(read_at=read_at)
    read = {part: PartStatus(outcome=Outcome.OK, read_at=read_at) for part in ALL}
    return replace(fact, parts=read | {CMLPart(part): status for part, status in parts.items()}, labs=())


def _read(fact: CMLFact) -> CMLWorkerState:
    state = new_state()
    worker = worker_of(state)
    worker.observe_ec2(replace(running_instance(read_at=NOW), read_at=fact.read_at))
    worker.observe_cml(fact)
    worker.conclude(now=fact.read_at)
    return state


def _asked(plan: CMLReadingPlan) -> set[str]:
    return {part for part in ("health", "labs", "licence") if getattr(plan, part)}


def test_a_worker_that_was_never_read_is_read_whole() -> None:
    assert _asked(plan_reading(new_state(), now=NOW, everything=False)) == {"health", "labs", "licence"}


@pytest.mark.parametrize(
    ("later", "parts"),
    [
        (minutes(5) - SECOND, set[str]()),
        (minutes(5), {"health", "labs"}),
        (minutes(60) - SECOND, {"health", "labs"}),
        (minutes(60), {"health", "labs", "licence"}),
    ],
)
def test_what_changes_rarely_is_read_rarely(later: timedelta, parts: set[str]) -> None:
    assert _asked(plan_reading(_read(_fact(NOW)), now=NOW + later, everything=False)) == parts


def test_a_persons_refresh_reads_everything_at_once_again() -> None:
    plan = plan_reading(_read(_fact(NOW)), now=NOW + SECOND, everything=True)
    assert _asked(plan) == {"health", "labs", "licence"}
    assert plan.forced


def test_a_failing_check_is_read_again_at_the_next_reading() -> None:
    health = CMLHealth(
        valid=False,
        is_licensed=None,
        is_enterprise=None,
        checks={"controller.core_connected": True, "computes.host.lld_synced": False},
        compute_hosts=(),
    )
    state = _read(replace(_fact(NOW), health=health))
    assert _asked(plan_reading(state, now=NOW + minutes(1), everything=False)) == {"health"}


def test_a_part_that_failed_is_read_again_unless_it_is_denied() -> None:
    failed = PartStatus(outcome=Outcome.ERROR, error_code=ErrorCode.BAD_RESPONSE, detail="HTML")
    denied = PartStatus(outcome=Outcome.ERROR, error_code=ErrorCode.ACCESS_DENIED, detail="403")
    state = _read(_fact(NOW, health=denied, licence=failed))
    assert _asked(plan_reading(state, now=NOW + minutes(1), everything=False)) == {"licence"}
