"""The heart on fakes: who is asked, what one failing source costs, one commit, one run for all who ask at once."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace

import pytest
from tests.support.application_scene import ACCOUNT, BACKGROUND_AGE_SECONDS, REGION, ApplicationScene
from tests.support.cyclic_garbage import cyclic_garbage
from tests.support.fake_cml_source import failed_cml_fact
from tests.support.fake_sources import cloudwatch_failure, ec2_failure, utilization_fact
from tests.support.waiting import until

from cmlfleet.application.errors import WorkerNotFound
from cmlfleet.application.ports.storage import StorageUnavailable, VersionConflict
from cmlfleet.application.queries.views import RefreshResult
from cmlfleet.application.services.worker_shelf import MOST_ATTEMPTS
from cmlfleet.domain.entities.cml_worker import CMLWorker
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, Health, WorkerStatus
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sources import ErrorCode, Outcome, Source


@pytest.fixture
def scene() -> ApplicationScene:
    return ApplicationScene()


async def test_everything_is_read_judged_and_saved_once(scene: ApplicationScene) -> None:
    worker_id = await scene.worker()
    ref = next(iter(scene.ec2.instances))
    scene.cloudwatch.facts[ref] = utilization_fact(cpu=42.0)
    commits = scene.workers.saves
    result = await scene.refresh(worker_id)
    state = await scene.state(worker_id)
    assert scene.workers.saves == commits + 1
    assert (state.status, state.health, state.cpu_utilization) == (WorkerStatus.RUNNING, Health.READY, 42.0)
    assert {result.sources.ec2.outcome, result.sources.cloudwatch.outcome, result.sources.cml.outcome} == {"ok"}
    assert list(result.events) == [event.type for event in scene.workers.events]
    assert isinstance(result, RefreshResult)
    assert result.worker.version == state.version
    assert [(report.sources, report.events) for report in scene.observed] == [(result.sources, result.events)]
    assert scene.schedule.members == {worker_id}
    assert scene.woken == 1
    assert [sample.cpu_utilization for _, sample in scene.workers.samples if sample.cpu_utilization] == [42.0]


async def test_nothing_of_a_refresh_waits_for_the_garbage_collector(scene: ApplicationScene) -> None:
    worker_id = await scene.worker()
    await scene.refresh(worker_id)
    with cyclic_garbage() as found:
        await scene.refresh(worker_id)
    assert [thing for thing in found if isinstance(thing, (CMLWorker, CMLWorkerState, Coroutine))] == []


async def test_the_actor_is_who_asked_and_the_cause_is_the_command(scene: ApplicationScene) -> None:
    await scene.refresh(await scene.worker())
    assert {(event.actor, event.cause) for event in scene.workers.events} == {("ann", "RefreshWorkerMetricsCommand")}


async def test_a_refresh_that_changes_nothing_wakes_no_delivery(scene: ApplicationScene) -> None:
    worker_id = await scene.worker()
    await scene.refresh(worker_id)
    result = await scene.refresh(worker_id)
    assert result.events == ()
    assert scene.woken == 1


async def test_a_worker_that_does_not_run_costs_one_source(scene: ApplicationScene) -> None:
    worker_id = await scene.worker(state="stopped")
    result = await scene.refresh(worker_id)
    assert (scene.cloudwatch.readings, scene.cml.readings) == ([], [])
    assert (result.sources.cloudwatch.outcome, result.sources.cloudwatch.reason) == ("skipped", "not_running")
    assert (result.sources.cml.outcome, result.sources.cml.reason) == ("skipped", "not_running")


async def test_cloudwatch_and_cml_are_asked_at_the_same_time(scene: ApplicationScene) -> None:
    worker_id = await scene.worker()
    scene.cloudwatch.gate = asyncio.Event()
    scene.cml.gate = asyncio.Event()
    running = asyncio.ensure_future(scene.refresh(worker_id))
    await until(lambda: scene.cloudwatch.readings and scene.cml.readings, what="both asked")
    scene.cloudwatch.gate.set()
    scene.cml.gate.set()
    await running


@pytest.mark.parametrize("source", [Source.EC2, Source.CLOUDWATCH, Source.CML])
async def test_one_failing_source_costs_its_own_fields_alone(scene: ApplicationScene, source: Source) -> None:
    worker_id = await scene.worker()
    (ref,) = scene.ec2.instances
    scene.cloudwatch.facts[ref] = utilization_fact(cpu=42.0)
    await scene.refresh(worker_id)
    match source:
        case Source.EC2:
            scene.ec2.failures[(ACCOUNT, REGION)] = ec2_failure(ErrorCode.THROTTLED)
        case Source.CLOUDWATCH:
            scene.cloudwatch.facts[ref] = cloudwatch_failure(ErrorCode.THROTTLED)
        case Source.CML:
            scene.cml.facts[worker_id] = failed_cml_fact(ErrorCode.BAD_RESPONSE)
    result = await scene.refresh(worker_id)
    state = await scene.state(worker_id)
    reports = {
        Source.EC2: result.sources.ec2,
        Source.CLOUDWATCH: result.sources.cloudwatch,
        Source.CML: result.sources.cml,
    }
    failed = reports.pop(source)
    assert (failed.outcome, failed.error_code) != ("ok", None)
    assert {report.outcome for report in reports.values()} == {"ok"}
    assert state.sources[source].outcome is Outcome.ERROR
    assert state.sources[source].failing_since is not None
    assert (state.status, state.cpu_utilization, state.cml_version) == (
        WorkerStatus.RUNNING,
        42.0,
        "2.9.1+build.7",
    )
    assert result.events[0] == "CMLWorkerSourceFailingDomainEvent"


async def test_callers_at_the_same_moment_share_one_run(scene: ApplicationScene) -> None:
    worker_id = await scene.worker()
    scene.ec2.gate = asyncio.Event()
    callers = [asyncio.ensure_future(scene.refresh(worker_id)) for _ in range(5)]
    await until(lambda: scene.ec2.readings, what="the run")
    callers[0].cancel()  # who gives up leaves the run to the others
    scene.ec2.gate.set()
    results = await asyncio.gather(*callers[1:])
    assert len(scene.ec2.readings) == 1
    assert len({id(result) for result in results}) == 1
    await scene.refresh(worker_id)
    assert len(scene.ec2.readings) == 2


async def test_the_schedule_joins_a_persons_refresh_but_not_the_other_way_round(scene: ApplicationScene) -> None:
    worker_id = await scene.worker()
    scene.ec2.gate = asyncio.Event()
    scheduled = asyncio.ensure_future(scene.refresh(worker_id, background=True))
    await until(lambda: len(scene.ec2.readings) == 1, what="a run")
    asked = asyncio.ensure_future(scene.refresh(worker_id))
    await until(lambda: len(scene.ec2.readings) == 2, what="a run")
    joined = asyncio.ensure_future(scene.refresh(worker_id, background=True))
    scene.ec2.gate.set()
    results = await asyncio.gather(scheduled, asked, joined)
    assert [age for _, age in scene.ec2.readings] == [BACKGROUND_AGE_SECONDS, 0.0]
    assert sorted(scene.cloudwatch.ages) == [0.0, BACKGROUND_AGE_SECONDS]
    assert results[2] is results[1]
    assert results[0] is not results[1]


async def test_in_the_background_what_cannot_be_new_is_not_asked(scene: ApplicationScene) -> None:
    worker_id = await scene.worker()
    (ref,) = scene.ec2.instances
    scene.cloudwatch.facts[ref] = utilization_fact(cpu=42.0)
    await scene.refresh(worker_id)
    result = await scene.refresh(worker_id, background=True)
    assert (result.sources.cloudwatch.outcome, result.sources.cloudwatch.reason) == ("skipped", "not_due")
    assert len(scene.cloudwatch.readings) == 1
    state = await scene.state(worker_id)
    assert (state.cpu_utilization, state.sources[Source.CLOUDWATCH].outcome) == (42.0, Outcome.OK)
    await scene.refresh(worker_id)
    assert len(scene.cloudwatch.readings) == 2


async def test_what_somebody_saved_meanwhile_is_kept(scene: ApplicationScene) -> None:
    worker_id = await scene.worker()
    scene.workers.rivals = [lambda stored: replace(stored, labels={"team": "a"})]
    await scene.refresh(worker_id)
    state = await scene.state(worker_id)
    assert (state.labels, state.status) == ({"team": "a"}, WorkerStatus.RUNNING)
    changes = [event.type for event in scene.workers.events]
    assert len(changes) == len(set(changes))


async def test_a_race_that_is_lost_for_good_is_said(scene: ApplicationScene) -> None:
    worker_id = await scene.worker()
    scene.workers.rivals = [lambda stored: stored] * (MOST_ATTEMPTS + 1)
    with pytest.raises(VersionConflict):
        await scene.refresh(worker_id)
    assert len(scene.workers.rivals) == 1


async def test_a_terminated_worker_leaves_the_monitoring(scene: ApplicationScene) -> None:
    worker_id = await scene.worker()
    await scene.refresh(worker_id)
    (ref,) = scene.ec2.instances
    scene.ec2.instances[ref] = replace(scene.ec2.instances[ref], state="terminated")
    await scene.refresh(worker_id)
    assert scene.schedule.members == set()


async def test_an_unknown_worker_and_a_dead_database_are_the_callers(scene: ApplicationScene) -> None:
    worker_id = await scene.worker()
    with pytest.raises(WorkerNotFound):
        await scene.refresh(WorkerId("w-none"))
    scene.workers.is_down = True
    with pytest.raises(StorageUnavailable):
        await scene.refresh(worker_id)
    scene.workers.is_down = False
    assert (await scene.refresh(worker_id)).sources.ec2.outcome == "ok"


async def test_a_compute_is_what_its_controller_says(scene: ApplicationScene) -> None:
    worker_id = await scene.worker(tags={"Name": "compute", "cmlfleet:role": "compute"})
    result = await scene.refresh(worker_id)
    assert (result.sources.cml.outcome, result.sources.cml.reason) == ("skipped", "compute_host")
    assert scene.cml.readings == []
