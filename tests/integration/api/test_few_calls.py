"""What five hundred workers at once cost: calls counted at AWS's side.

How long it takes five hundred questions to come together is a matter of the machine and of what else it does. So the
windows here are long, and only what is asked counts; what windows do is told by `tests/unit/integration_aws`.
"""

import asyncio
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from tests.support.service import RunningService, running_service
from tests.support.waiting import until

from cmlfleet.application.commands.refresh_worker_metrics_command import RefreshWorkerMetricsCommand
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.integration.aws import batcher
from cmlfleet.integration.aws.batcher import BatchWindow

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKERS = 500
PATIENT_WINDOW = BatchWindow(idle_seconds=2.0, longest_seconds=20.0, busy_seconds=20.0)
NO_CONTROLLERS = "10.0.0.0/8"  # five hundred TLS handshakes would be most of the work


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RunningService]:
    """One page of them, adopted and read once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batcher, "BatchWindow", lambda: PATIENT_WINDOW)
        folder = tmp_path_factory.mktemp("few-calls")
        async with running_service(folder, workers=WORKERS, cml_allowed_networks=NO_CONTROLLERS) as service:
            await service.adopt_all()
            yield service


def _assert_few_calls(service: RunningService) -> None:
    ledger = service.simulator.ledger
    assert 1 <= ledger.total("DescribeInstances") <= 2
    assert 1 <= ledger.total("GetMetricData") <= 2
    assert ledger.total("DescribeInstanceStatus") <= 2


async def test_five_hundred_refreshes_at_once(fleet: RunningService) -> None:
    ids = [WorkerId(worker["id"]) for worker in await fleet.workers()]
    fleet.simulator.ledger.reset()
    results = await asyncio.gather(
        *(fleet.service.mediator.execute_async(RefreshWorkerMetricsCommand(worker_id)) for worker_id in ids)
    )
    assert len(results) == WORKERS
    assert {result.sources.ec2.outcome for result in results} == {"ok"}
    _assert_few_calls(fleet)


async def test_an_operation_over_the_whole_fleet(fleet: RunningService) -> None:
    fleet.simulator.ledger.reset()
    answer = await fleet.client.post("/api/v1/workers/refresh", json={})
    location = answer.headers["Location"]

    async def over() -> bool:
        return (await fleet.client.get(location)).json()["finished_at"] is not None

    await until(over, timeout_seconds=60, what="the operation's end")
    assert (await fleet.client.get(location)).json()["state"] == "done"
    _assert_few_calls(fleet)
