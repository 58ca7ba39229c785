"""The recurrent sweep over all that is configured."""

import asyncio

from tests.support.application_scene import ACCOUNT, utc_now
from tests.support.waiting import until

from cmlfleet.application.commands.discover_workers_command import DiscoverWorkersCommand, DiscoveryResult
from cmlfleet.application.mediator import Mediator, Registration
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.application.principal import Principal
from cmlfleet.application.services.discovery_job import DiscoveryJob
from cmlfleet.domain.identifiers import Region

REGIONS = [Region("us-east-1"), Region("us-west-2"), Region("eu-central-1")]


class Sweeps:
    """Handles the command: one region hangs until it is told, one fails."""

    def __init__(self, *, failing: str | None = None) -> None:
        self.swept: list[str] = []
        self.hangs_until = asyncio.Event()
        self._failing = failing

    async def handle_async(self, message: DiscoverWorkersCommand, principal: Principal) -> DiscoveryResult:
        assert principal.name == "discovery"
        if message.region == self._failing:
            raise StorageUnavailable("the database is gone")
        if message.region == REGIONS[0]:
            await self.hangs_until.wait()
        self.swept.append(message.region)
        return DiscoveryResult(adopted=())


def _job(sweeps: Sweeps) -> DiscoveryJob:
    mediator = Mediator([Registration(DiscoverWorkersCommand, sweeps)], pipeline=())
    return DiscoveryJob(scopes=lambda: [(ACCOUNT, region) for region in REGIONS], mediator=mediator, clock=utc_now)


async def test_a_region_that_hangs_keeps_no_other_waiting() -> None:
    sweeps = Sweeps()
    run = asyncio.ensure_future(_job(sweeps).run_async())
    await until(lambda: sorted(sweeps.swept) == sorted(REGIONS[1:]), what="the other regions")
    sweeps.hangs_until.set()
    await run
    assert sweeps.swept[-1] == REGIONS[0]


async def test_one_that_fails_harms_no_other_and_is_told() -> None:
    sweeps = Sweeps(failing=REGIONS[1])
    sweeps.hangs_until.set()
    job = _job(sweeps)
    await job.run_async()
    assert set(sweeps.swept) == {REGIONS[0], REGIONS[2]}
    assert job.last_run is not None
    assert "the database is gone" in (job.last_run.error or "")
