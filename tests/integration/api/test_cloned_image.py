"""Controllers that were copied with their certificate."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.support.service import RunningService, running_service

from cmlfleet.application.commands.compare_certificates_command import CompareCertificatesCommand
from cmlfleet.application.principal import SCHEDULE
from cmlfleet.simulator.controller.certificates import self_signed
from cmlfleet.simulator.controller.listener import ControllerListener

WORKERS = 3


@pytest.fixture
async def clones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[RunningService]:
    """Every controller presents the certificate of the image."""
    image = self_signed(hostname="image", secret="of all its clones")
    monkeypatch.setattr(ControllerListener, "certificate", image)
    async with running_service(tmp_path, workers=WORKERS) as running:
        await running.adopt_all()
        yield running


async def test_a_cloned_image_needs_attention_and_is_told_of_once(clones: RunningService) -> None:
    for _ in range(2):
        await clones.service.mediator.execute_async(CompareCertificatesCommand(), SCHEDULE)

    assert {worker["certificate_shared_with"] for worker in await clones.workers()} == {WORKERS - 1}
    fleet = (await clones.client.get("/api/v1/fleet")).json()
    (item,) = [each for each in fleet["attention"] if each["reason"] == "shared_certificate"]
    assert item["count"] == WORKERS
    shown = (await clones.client.get(f"/api/v1/workers?{item['query']}")).json()
    assert shown["total"] == WORKERS
    events = (await clones.client.get("/api/v1/events", params={"limit": 1000})).json()["items"]
    shared = [event for event in events if event["type"] == "CMLCertificateSharedDomainEvent"]
    assert len({event["worker_id"] for event in shared}) == len(shared) == WORKERS
    assert {event["data"]["workers"] for event in shared} == {WORKERS - 1}
