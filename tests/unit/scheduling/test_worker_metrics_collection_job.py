"""A group's run: every member at the same time, one that fails or is slow harms no other, and who follows hears of
each."""

import asyncio
from collections import Counter

import pytest
from structlog.testing import capture_logs
from tests.support.application_scene import ApplicationScene, utc_now
from tests.support.waiting import until

from cmlfleet.application.commands.refresh_worker_metrics_command import RefreshWorkerMetricsCommand
from cmlfleet.application.mediator import Mediator, Registration
from cmlfleet.application.principal import Principal
from cmlfleet.application.services.recurrent_background_job import JobRun
from cmlfleet.application.services.worker_metrics_collection_job import WorkerMetricsCollectionJob
from cmlfleet.domain.identifiers import WorkerId


class Scene:
    def __init__(self) -> None:
        self.application = ApplicationScene()
        self.members: list[WorkerId] = []
        self.runs: list[JobRun] = []
        self.refreshed: dict[WorkerId, BaseException | None] = {}
        self.job = WorkerMetricsCollectionJob(
            name="collect",
            members=lambda: self.members,
            mediator=self.application.mediator,
            clock=utc_now,
            observers=[self.runs.append],
            refresh_observers=[self.refreshed.__setitem__],
        )


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    scene.members = [await scene.application.worker(number) for number in (1, 2, 3)]
    return scene


async def test_each_member_is_refreshed_in_the_background(scene: Scene) -> None:
    await scene.job.run_async()
    assert scene.refreshed == dict.fromkeys(scene.members)
    assert all(age > 0 for _, age in scene.application.ec2.readings)
    assert {event.actor for event in scene.application.workers.events} == {"schedule"}
    (run,) = scene.runs
    assert run.error is None
    assert scene.job.last_run == run


async def test_one_that_fails_harms_no_other(scene: Scene) -> None:
    broken, *others = scene.members

    def break_down(*_: object) -> object:
        raise ZeroDivisionError

    scene.application.cml.facts[broken] = break_down  # pyright: ignore[reportArgumentType]
    await scene.job.run_async()
    assert isinstance(scene.refreshed[broken], ZeroDivisionError)
    assert [scene.refreshed[other] for other in others] == [None, None]
    assert None not in [(await scene.application.state(other)).cml_version for other in others]
    assert "1 of 3" in str(scene.runs[0].error)


async def test_a_member_that_was_forgotten_meanwhile_is_no_failure(scene: Scene) -> None:
    scene.members.append(WorkerId("w-forgotten"))
    await scene.job.run_async()
    assert scene.runs[0].error is None


async def test_without_a_database_the_run_fails_and_the_next_heals(scene: Scene) -> None:
    scene.application.workers.is_down = True
    await scene.job.run_async()
    scene.application.workers.is_down = False
    await scene.job.run_async()
    assert [run.error is None for run in scene.runs] == [False, True]


class GatedRefreshes:
    """A handler whose refreshes of one worker wait for the gate."""

    def __init__(self, slow: WorkerId) -> None:
        self.begun: Counter[WorkerId] = Counter()
        self.gate = asyncio.Event()
        self._slow = slow

    async def handle_async(self, message: RefreshWorkerMetricsCommand, principal: Principal) -> None:
        self.begun[message.worker_id] += 1
        if message.worker_id == self._slow:
            await self.gate.wait()


async def test_a_slow_member_delays_itself_alone_and_is_logged_once() -> None:
    slow, quick = WorkerId("w-slow"), WorkerId("w-quick")
    refreshes = GatedRefreshes(slow)
    job = WorkerMetricsCollectionJob(
        name="collect",
        members=lambda: [slow, quick],
        mediator=Mediator([Registration(RefreshWorkerMetricsCommand, refreshes)], pipeline=()),
        clock=utc_now,
    )
    with capture_logs() as logged:
        for fires in (1, 4):
            refreshes.gate.clear()
            late = asyncio.ensure_future(job.run_async())
            await until(lambda fires=fires: refreshes.begun[quick] == fires, what="a refresh of the quick one")
            await job.run_async()
            await job.run_async()
            fired_last = job.last_run
            refreshes.gate.set()
            await late
            assert job.last_run == fired_last, "a fire that ends late is not the last"
    assert refreshes.begun == {slow: 2, quick: 6}
    assert [(line["event"], line["worker_id"]) for line in logged] == [("refresh_still_running", slow)]


async def test_a_member_that_was_quick_again_is_logged_anew_when_it_is_slow() -> None:
    slow = WorkerId("w-slow")
    refreshes = GatedRefreshes(slow)
    job = WorkerMetricsCollectionJob(
        name="collect",
        members=lambda: [slow],
        mediator=Mediator([Registration(RefreshWorkerMetricsCommand, refreshes)], pipeline=()),
        clock=utc_now,
    )
    with capture_logs() as logged:
        for times in (1, 3):
            refreshes.gate.clear()
            late = asyncio.ensure_future(job.run_async())
            await until(lambda times=times: refreshes.begun[slow] == times, what="a refresh")
            await job.run_async()
            refreshes.gate.set()
            await late
            await job.run_async()
    assert [line["event"] for line in logged] == ["refresh_still_running"] * 2
