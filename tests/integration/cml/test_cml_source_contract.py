"""What every `CMLSource` holds to: the fake of the handler's tests and the real one alike."""

from collections.abc import AsyncIterator

import pytest
from tests.integration.cml.conftest import Scene
from tests.support.cml_reader import CMLReader, background_plan
from tests.support.fake_cml_source import FakeCMLSource, failed_cml_fact, good_cml_fact

from cmlfleet.application.ports.sources import CMLSource, CMLTarget
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.domain.sources import CMLPart, ErrorCode, Outcome
from cmlfleet.simulator.fault_catalogue import FaultName

ALWAYS_READ = {CMLPart.SYSTEM_INFORMATION, CMLPart.STATISTICS, CMLPart.LABS}


class Subject:
    """A source, a worker of it, and how to break that worker."""

    def __init__(self, source: CMLSource, target: CMLTarget, scene: Scene | None) -> None:
        self.source = source
        self.target = target
        self._scene = scene

    def break_down(self) -> None:
        if self._scene is not None:
            self._scene.faults.set(FaultName.BAD_GATEWAY)
        elif isinstance(self.source, FakeCMLSource):
            self.source.facts[self.target.worker_id] = failed_cml_fact(ErrorCode.NOT_READY)


@pytest.fixture(params=["fake", "real"])
async def subject(request: pytest.FixtureRequest, scene: Scene) -> AsyncIterator[Subject]:
    if request.param == "real":
        reader: CMLReader = scene.reader
        await reader.read()
        yield Subject(reader.source, reader.target(), scene)
        return
    target = CMLTarget(
        worker_id=WorkerId("worker-1"),
        account_id=AccountId("111122223333"),
        region=Region("us-east-1"),
        endpoint="https://198.51.100.7",
        ec2_addresses=frozenset({"198.51.100.7"}),
        pinned_certificate=None,
        has_own_credentials=False,
    )
    yield Subject(FakeCMLSource(), target, None)


async def test_a_quiet_reading(subject: Subject):
    fact = await subject.source.read(subject.target, background_plan(good_cml_fact()))

    assert fact.outcome is Outcome.OK
    assert fact.parts.keys() == ALWAYS_READ
    assert {status.read_at for status in fact.parts.values()} == {fact.read_at}
    assert fact.read_at.tzinfo is not None
    assert fact.system_information is not None
    assert fact.statistics is not None
    assert fact.lab_ids == frozenset()
    assert (fact.labs, fact.health, fact.license) == (None, None, None)
    assert fact.certificate is not None
    assert fact.is_admin


async def test_a_failure_is_a_fact(subject: Subject):
    subject.break_down()

    fact = await subject.source.read(subject.target, background_plan(good_cml_fact()))

    assert fact.outcome is Outcome.ERROR
    assert fact.error_code is ErrorCode.NOT_READY
    assert fact.detail
    assert {status.error_code for status in fact.parts.values()} == {ErrorCode.NOT_READY}
    assert {status.read_at for status in fact.parts.values()} == {None}
    assert (fact.system_information, fact.statistics, fact.lab_ids) == (None, None, None)


async def test_a_forgotten_worker_can_be_read_again(subject: Subject):
    await subject.source.forget(subject.target.worker_id)
    await subject.source.forget(WorkerId("unknown"))

    assert (await subject.source.read(subject.target, background_plan(good_cml_fact()))).outcome is Outcome.OK
