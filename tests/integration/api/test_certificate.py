"""Pinned and presented fingerprints; accepting one; what cannot be accepted."""

from typing import Any

import pytest
from tests.support.service import RunningService

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAME = "cml-worker-00001"


async def _certificate(service: RunningService) -> dict[str, Any]:
    worker = await service.worker(NAME)
    answer = await service.client.get(f"/api/v1/workers/{worker['id']}/certificate")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_first_one_is_pinned(service: RunningService) -> None:
    certificate = await _certificate(service)
    assert certificate["pinned"] == certificate["presented"]
    assert len(certificate["pinned"]) == 64
    assert certificate["changed"] is False
    assert certificate["pinned_at"] is not None


async def test_a_changed_one_is_refused_until_a_person_accepts_it(service: RunningService) -> None:
    worker, before = await service.worker(NAME), await _certificate(service)
    path = f"/api/v1/workers/{worker['id']}/certificate"
    service.simulator.faults.set("certificate-changed", worker=NAME)
    try:
        assert (await service.refresh(worker["id"]))["sources"]["cml"]["error_code"] == "certificate_changed"
        changed = await _certificate(service)
        assert (changed["pinned"], changed["changed"]) == (before["pinned"], True)
        assert changed["presented"] != before["presented"]

        stale = await service.client.put(path, json={"fingerprint": before["pinned"]})
        assert stale.status_code == 409
        assert changed["presented"] in stale.json()["detail"]

        colons = ":".join(changed["presented"][index : index + 2] for index in range(0, 64, 2)).upper()
        accepted = await service.client.put(path, json={"fingerprint": colons})
        assert accepted.status_code == 200, accepted.text
        assert accepted.json() == await _certificate(service)
        assert (accepted.json()["pinned"], accepted.json()["changed"]) == (changed["presented"], False)
        assert (await service.refresh(worker["id"]))["sources"]["cml"]["outcome"] == "ok"
    finally:
        service.simulator.faults.clear("certificate-changed", worker=NAME)
    events = (await service.client.get(f"/api/v1/workers/{worker['id']}/events")).json()["items"]
    pinned = next(event for event in events if event["type"] == "CMLCertificatePinnedDomainEvent")
    assert pinned["data"] == {"before": before["pinned"], "after": changed["presented"]}
    assert pinned["cause"] == "AcceptCertificateCommand"


@pytest.mark.parametrize("fingerprint", ["ab", "not hexadecimal", "zz" * 32, "ab" * 33, ""])
async def test_what_is_no_fingerprint_is_refused(service: RunningService, fingerprint: str) -> None:
    worker = await service.worker(NAME)
    answer = await service.client.put(
        f"/api/v1/workers/{worker['id']}/certificate", json={"fingerprint": fingerprint}
    )
    assert answer.status_code == 422, answer.text
    assert "fingerprint" in answer.json()["detail"]


async def test_of_an_unknown_worker_is_404(service: RunningService) -> None:
    path = "/api/v1/workers/w-none/certificate"
    assert (await service.client.get(path)).status_code == 404
    assert (await service.client.put(path, json={"fingerprint": "ab" * 32})).status_code == 404
