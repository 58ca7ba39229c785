"""When groups fire: soon after the first member, again each interval; and a stop that waits."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

import pytest
from structlog.testing import capture_logs
from tests.support.application_scene import ACCOUNT, REGION, utc_now
from tests.support.waiting import until

from cmlfleet.application.mediator import Mediator
from cmlfleet.application.services.recurrent_background_job import RecurrentBackgroundJob
from cmlfleet.application.services.worker_metrics_collection_job import WorkerMetricsCollectionJob
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.scheduling import groups, recurrent_jobs, worker_monitoring_scheduler
from cmlfleet.scheduling.recurrent_jobs import RecurrentJobs
from cmlfleet.scheduling.worker_monitoring_scheduler import WorkerMonitoringScheduler

ONE, TWO = WorkerId("w-1"), WorkerId("w-2")


class RecordingJob(WorkerMetricsCollectionJob):
    """Remembers whom it would have refreshed; while `gate` is clear, a run waits for it."""

    def __init__(self, name: str, members: Callable[[], Sequence[WorkerId]]) -> None:
        super().__init__(name=name, members=members, mediator=Mediator([], pipeline=()), clock=utc_now)
        self.begun: list[tuple[WorkerId, ...]] = []
        self.ended = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def work_async(self) -> None:
        self.begun.append(tuple(self._members()))
        await self.gate.wait()
        self.ended += 1


class Scene:
    def __init__(self) -> None:
        self.jobs: list[RecordingJob] = []
        self.recurrent = RecurrentJobs(clock=utc_now, misfire_grace_seconds=1)
        self.scheduler = WorkerMonitoringScheduler(
            jobs=self.recurrent, interval_seconds=1, make_job=self._make, clock=utc_now
        )
        self.recurrent.start()

    def _make(self, name: str, members: Callable[[], Sequence[WorkerId]]) -> WorkerMetricsCollectionJob:
        self.jobs.append(RecordingJob(name, members))
        return self.jobs[-1]


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Scene]:
    monkeypatch.setattr(worker_monitoring_scheduler, "FIRST_FIRE_SECONDS", 0.01)
    scene = Scene()
    yield scene
    for job in scene.jobs:
        job.gate.set()
    await scene.recurrent.close()


async def test_a_group_is_refreshed_soon_and_then_each_interval(scene: Scene) -> None:
    scene.scheduler.ensure(ONE, ACCOUNT, REGION)
    scene.scheduler.ensure(TWO, ACCOUNT, REGION)
    scene.scheduler.ensure(ONE, ACCOUNT, REGION)
    (job,) = scene.jobs
    await until(lambda: len(job.begun) == 3, what="three fires")
    assert set(job.begun) == {(ONE, TWO)}
    (group,) = scene.scheduler.groups()
    assert (group.workers, group.account_id, group.region) == (2, ACCOUNT, REGION)
    assert group.last_fire_at is not None
    assert scene.scheduler.next_refresh_at(ONE) == group.next_fire_at


async def test_a_group_counts_as_running_until_its_refresh_has_ended(scene: Scene) -> None:
    scene.scheduler.ensure(ONE, ACCOUNT, REGION)
    (job,) = scene.jobs
    assert scene.scheduler.groups_running == 0
    job.gate.clear()
    await until(lambda: job.begun, what="a fire")
    assert scene.scheduler.groups_running == 1
    job.gate.set()
    await until(lambda: scene.scheduler.groups_running == 0, what="its end")


async def test_who_is_taken_out_is_not_refreshed_again(scene: Scene) -> None:
    scene.scheduler.ensure(ONE, ACCOUNT, REGION)
    scene.scheduler.ensure(TWO, ACCOUNT, REGION)
    scene.scheduler.remove(ONE)
    (job,) = scene.jobs
    await until(lambda: job.begun, what="a fire")
    assert job.begun == [(TWO,)]
    scene.scheduler.remove(TWO)
    scene.scheduler.remove(TWO)
    assert list(scene.scheduler.groups()) == []
    assert scene.scheduler.next_refresh_at(TWO) is None


async def test_groups_fire_apart_and_one_that_is_not_needed_any_more_goes_after_its_fire(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MOST_MEMBERS", 1)
    scene.scheduler.ensure(ONE, ACCOUNT, REGION)
    scene.scheduler.ensure(TWO, ACCOUNT, REGION)
    first, second = (group.next_fire_at for group in scene.scheduler.groups())
    assert first is not None
    assert second is not None
    assert (second - first).total_seconds() == pytest.approx(0.5, abs=0.1)
    monkeypatch.setattr(groups, "MOST_MEMBERS", 2)
    await until(lambda: len(scene.scheduler.groups()) == 1, what="one group for both")
    fired, stays = scene.jobs
    assert fired.begun[-1] == (ONE,)
    await until(lambda: set(stays.begun[-1:]) == {(TWO, ONE)}, what="a fire for both")


async def test_groups_that_fire_at_the_same_time_part(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MOST_MEMBERS", 1)

    def always_at_once(_taken: Sequence[float]) -> float:
        return 0.0

    monkeypatch.setattr(worker_monitoring_scheduler, "free_place", always_at_once)
    scene.scheduler.ensure(ONE, ACCOUNT, REGION)
    scene.scheduler.ensure(TWO, ACCOUNT, REGION)

    def apart() -> bool:
        first, second = (group.next_fire_at for group in scene.scheduler.groups())
        return first is not None and second is not None and abs((second - first).total_seconds()) > 0.3

    await until(apart, what="fires apart")


async def test_a_slow_job_of_another_kind_is_not_overtaken_by_its_next_fire(scene: Scene) -> None:
    slow, beside = _Gated(), _Counting()
    with capture_logs() as logged:
        scene.recurrent.every(slow, interval_seconds=0.05)
        scene.recurrent.every(beside, interval_seconds=0.05)
        await until(lambda: beside.runs > 3, what="three more intervals")
    assert slow.begun == 1
    assert [line["event"] for line in logged] == ["job_still_running"]
    slow.gate.set()
    await until(lambda: slow.begun > 1, what="the next fire")


async def test_a_group_fires_on_while_a_fire_before_goes_on(scene: Scene) -> None:
    scene.scheduler.ensure(ONE, ACCOUNT, REGION)
    (job,) = scene.jobs
    job.gate.clear()
    await until(lambda: len(job.begun) == 2, what="a fire over the first")
    assert job.ended == 0


async def test_closing_lets_what_runs_finish(scene: Scene) -> None:
    scene.scheduler.ensure(ONE, ACCOUNT, REGION)
    (job,) = scene.jobs
    job.gate.clear()
    await until(lambda: job.begun, what="the first fire")
    closing = asyncio.ensure_future(scene.recurrent.close())
    await asyncio.sleep(0)
    assert not closing.done()
    job.gate.set()
    await closing
    assert (len(job.begun), job.ended) == (1, 1)


async def test_closing_does_not_wait_for_ever(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurrent_jobs, "CLOSE_SECONDS", 0.01)
    scene.scheduler.ensure(ONE, ACCOUNT, REGION)
    (job,) = scene.jobs
    job.gate.clear()
    await until(lambda: job.begun, what="the first fire")
    await scene.recurrent.close()
    assert job.ended == 0


class _Counting(RecurrentBackgroundJob):
    def __init__(self) -> None:
        super().__init__(name="beside", clock=utc_now)
        self.runs = 0

    async def work_async(self) -> None:
        self.runs += 1


class _Gated(RecurrentBackgroundJob):
    def __init__(self) -> None:
        super().__init__(name="slow", clock=utc_now)
        self.begun = 0
        self.gate = asyncio.Event()

    async def work_async(self) -> None:
        self.begun += 1
        await self.gate.wait()
