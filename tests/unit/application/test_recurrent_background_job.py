"""A recurrent job tells how its runs went, says once that it fails and once that it does no longer."""

import asyncio

from structlog.testing import capture_logs
from tests.support.application_scene import utc_now
from tests.support.waiting import until

from cmlfleet.application.services.recurrent_background_job import JobRun, RecurrentBackgroundJob


class Job(RecurrentBackgroundJob):
    """Fails while `failure` is set; waits while `gate` is clear."""

    def __init__(self) -> None:
        self.runs: list[JobRun] = []
        super().__init__(name="collect", clock=utc_now, observers=[self.runs.append])
        self.failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = 0

    async def work_async(self) -> None:
        self.begun += 1
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure


async def test_observers_hear_of_success_and_failure() -> None:
    job = Job()
    await job.run_async()
    job.failure = ValueError("nothing works")
    await job.run_async()
    assert [run.error for run in job.runs] == [None, "ValueError: nothing works"]
    assert all(run.finished_at >= run.started_at for run in job.runs)


async def test_it_says_once_that_it_fails_and_once_that_it_recovered() -> None:
    job = Job()
    with capture_logs() as logged:
        await job.run_async()
        for failure in (ValueError("a"), ValueError("b"), None, None, ValueError("c")):
            job.failure = failure
            await job.run_async()
    assert [(line["event"], line.get("error")) for line in logged] == [
        ("job_failed", "ValueError: a"),
        ("job_recovered", None),
        ("job_failed", "ValueError: c"),
    ]


async def test_it_never_runs_over_itself() -> None:
    job = Job()
    job.gate.clear()
    first = asyncio.ensure_future(job.run_async())
    await until(lambda: job.begun == 1)
    await job.run_async()
    assert (job.begun, job.runs) == (1, [])
    job.gate.set()
    await first
    await job.run_async()
    assert job.begun == 2
