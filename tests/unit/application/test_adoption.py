"""Adopting: by the sweep, by hand, never twice, and never again what a person had forgotten."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs
from tests.support.application_scene import ACCOUNT, ANN, BACKGROUND_AGE_SECONDS, REGION, ApplicationScene
from tests.support.fake_sources import ec2_failure
from tests.support.waiting import until

from cmlfleet.application.commands.discover_workers_command import DiscoverWorkersCommand, DiscoveryResult
from cmlfleet.application.commands.forget_worker_command import ForgetWorkerCommand
from cmlfleet.application.commands.import_workers_command import ImportWorkersCommand
from cmlfleet.application.errors import NotAllowed, SourceUnavailable, UnknownScope, WorkerNotFound
from cmlfleet.application.principal import DISCOVERY, Principal, Role
from cmlfleet.application.queries.views import ImportResult
from cmlfleet.application.services.adoption import IN_ONE_GO
from cmlfleet.domain.entities.cml_worker_state import WorkerStatus
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sources import ErrorCode


@pytest.fixture
def scene() -> ApplicationScene:
    return ApplicationScene()


async def _sweep(scene: ApplicationScene) -> DiscoveryResult:
    return await scene.send(DiscoverWorkersCommand(ACCOUNT, REGION), DISCOVERY)


async def _import(scene: ApplicationScene, *instance_ids: str) -> ImportResult:
    return await scene.send(ImportWorkersCommand(region=REGION, instance_ids=instance_ids))


async def test_the_sweep_adopts_what_carries_the_tags_and_refreshes_it(scene: ApplicationScene) -> None:
    scene.instance(1)
    scene.instance(2, tags={"Name": "not ours"})
    (adopted,) = (await _sweep(scene)).adopted
    await until(lambda: scene.observed, what="the first refresh")
    state = await scene.state(adopted)
    assert (state.name, state.status) == ("worker-1", WorkerStatus.RUNNING)
    assert scene.schedule.members == {adopted}
    assert {event.actor for event in scene.workers.events} == {"discovery"}


async def test_more_than_go_in_one_are_all_adopted(scene: ApplicationScene) -> None:
    for number in range(IN_ONE_GO + 1):
        scene.instance(number)
    assert len((await _sweep(scene)).adopted) == IN_ONE_GO + 1


async def test_a_second_sweep_adopts_nothing(scene: ApplicationScene) -> None:
    scene.instance(1)
    await _sweep(scene)
    assert (await _sweep(scene)).adopted == ()


async def test_a_worker_whose_state_has_changed_is_refreshed_at_once(scene: ApplicationScene) -> None:
    ref = scene.instance(1, state="stopped")
    (adopted,) = (await _sweep(scene)).adopted
    await until(lambda: scene.observed, what="the first refresh")
    await _sweep(scene)
    scene.ec2.instances[ref] = replace(scene.ec2.instances[ref], state="pending")
    await _sweep(scene)
    await until(lambda: len(scene.observed) == 2, what="the refresh after the change")
    assert (await scene.state(adopted)).status is WorkerStatus.PENDING
    assert [age for _, age in scene.ec2.readings] == [BACKGROUND_AGE_SECONDS] * 2


async def test_a_missing_worker_that_comes_back_is_refreshed_and_one_that_ended_is_not(
    scene: ApplicationScene,
) -> None:
    ref = scene.instance(1)
    (adopted,) = (await _sweep(scene)).adopted
    await until(lambda: scene.observed, what="the first refresh")
    state = await scene.state(adopted)
    await scene.workers.save(replace(state, status=WorkerStatus.MISSING, monitoring_active=False))
    scene.ec2.instances[ref] = replace(scene.ec2.instances[ref], state="terminated")
    await _sweep(scene)
    scene.ec2.instances[ref] = replace(scene.ec2.instances[ref], state="running")
    await _sweep(scene)
    await until(lambda: len(scene.observed) == 2, what="the refresh after the return")
    assert (await scene.state(adopted)).status is WorkerStatus.RUNNING
    assert scene.schedule.members == {adopted}


async def test_sweeps_at_the_same_moment_adopt_and_refresh_once(scene: ApplicationScene) -> None:
    scene.instance(1)
    results = await asyncio.gather(*(_sweep(scene) for _ in range(3)))
    assert results[0].adopted == results[1].adopted == results[2].adopted
    await until(lambda: scene.observed, what="the first refresh")
    assert len(scene.ec2.sweeps) == 1


async def test_what_is_ending_is_not_adopted(scene: ApplicationScene) -> None:
    scene.instance(1, state="terminated")
    assert (await _sweep(scene)).adopted == ()
    result = await _import(scene, "i-00000000000000001")
    assert (result.imported, result.not_found) == ((), ("i-00000000000000001",))


async def test_a_region_that_cannot_be_read_is_told_and_heals(scene: ApplicationScene) -> None:
    scene.ec2.failures[(ACCOUNT, REGION)] = ec2_failure(ErrorCode.ACCESS_DENIED)
    with capture_logs() as logged:
        assert (await _sweep(scene)).failure == "access_denied"
        (denied,) = scene.standings.all()
        assert (denied.error_code, denied.operation) == ("access_denied", "ec2:DescribeInstances")
        await _sweep(scene)
        assert scene.standings.all()[0].since == denied.since
        scene.ec2.failures.clear()
        for _ in range(2):
            await _sweep(scene)
    assert scene.standings.all()[0].error_code is None
    assert [line["event"] for line in logged] == ["region_unreadable", "region_readable_again"]


async def test_a_forgotten_instance_comes_back_only_by_an_import(scene: ApplicationScene) -> None:
    ref = scene.instance(1)
    (adopted,) = (await _sweep(scene)).adopted
    await until(lambda: scene.observed, what="the first refresh")
    await scene.send(ForgetWorkerCommand(adopted))
    assert await scene.workers.load(adopted) is None
    assert scene.schedule.members == set()
    assert scene.cml.forgotten == [adopted]
    assert (await _sweep(scene)).adopted == ()
    (imported,) = (await _import(scene, ref.instance_id)).imported
    assert imported.id != adopted
    assert scene.workers.events[-1].actor == ANN.name


async def test_an_import_reports_what_is_known_and_what_is_not_there(scene: ApplicationScene) -> None:
    known = await scene.worker(1)
    scene.instance(2)
    wishes = ("i-00000000000000001", "i-00000000000000002", "i-00000000000000003", "nonsense")
    result = await _import(scene, *wishes)
    assert result.already_known == (known,)
    assert [view.instance_id for view in result.imported] == [wishes[1]]
    assert result.not_found == wishes[2:]


async def test_two_imports_at_once_adopt_once(scene: ApplicationScene) -> None:
    ref = scene.instance(1)
    results = await asyncio.gather(*(_import(scene, ref.instance_id) for _ in range(4)))
    assert sum(len(result.imported) for result in results) == 1
    assert sum(len(result.already_known) for result in results) == 3
    assert len(await scene.workers.known_instances()) == 1


async def test_a_dry_run_stores_nothing(scene: ApplicationScene) -> None:
    ref = scene.instance(1)
    result = await scene.send(ImportWorkersCommand(region=REGION, instance_ids=(ref.instance_id,), dry_run=True))
    assert [view.name for view in result.imported] == ["worker-1"]
    assert scene.workers.saves == 0
    assert scene.observed == []


async def test_what_the_import_cannot_do_is_said(scene: ApplicationScene) -> None:
    with pytest.raises(UnknownScope, match="eu-west-1"):
        await scene.send(ImportWorkersCommand(region="eu-west-1", tags={"a": "b"}))
    scene.ec2.failures[(ACCOUNT, REGION)] = ec2_failure(ErrorCode.THROTTLED)
    with pytest.raises(SourceUnavailable):
        await _import(scene, "i-00000000000000001")
    with pytest.raises(NotAllowed):
        await scene.send(ImportWorkersCommand(region=REGION, tags={"a": "b"}), Principal("eve", Role.VIEWER))
    with pytest.raises(WorkerNotFound):
        await scene.send(ForgetWorkerCommand(WorkerId("w-none")))
