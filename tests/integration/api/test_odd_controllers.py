"""What is odd about one worker is in its own record, in the words of the interface, and in nobody else's."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from tests.support.service import RunningService, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")

ODD, ORDINARY = "cml-worker-00001", "cml-worker-00002"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RunningService]:
    async with running_service(
        tmp_path_factory.mktemp("odd"), workers=2, discovery_tags="cmlfleet:managed=true", discovery_interval="86400"
    ) as service:
        await service.adopt_all()
        yield service


@pytest_asyncio.fixture(loop_scope="module")
async def service(pair: RunningService) -> AsyncGenerator[RunningService]:
    """Without any fault at the beginning and at the end."""
    yield pair
    pair.simulator.faults.clear()
    for worker in await pair.workers():
        await pair.refresh(worker["id"])


async def _read_with(service: RunningService, fault: str, **parameters: Any) -> dict[str, Any]:
    """The odd one's record after a refresh under the fault; the other one stays as it was."""
    service.simulator.faults.set(fault, worker=ODD, parameters=parameters)
    for name in (ODD, ORDINARY):
        await service.refresh((await service.worker(name))["id"])
    ordinary = await service.worker(ORDINARY)
    assert (ordinary["health"], ordinary["sources"]["cml"]["outcome"]) == ("ready", "ok")
    assert ordinary["discovery_tag_missing"] is False
    return await service.worker(ODD)


async def test_checks_that_are_not_known_yet_are_null_and_no_trouble(service: RunningService) -> None:
    record = await _read_with(service, "health-unknown")
    assert None in record["cml_health"].values()
    assert False not in record["cml_health"].values()
    assert (record["health"], record["health_reasons"]) == ("ready", [])


async def test_a_check_that_is_false_is_degraded_and_named(service: RunningService) -> None:
    record = await _read_with(service, "health-failed", check="kvm_vmx_enabled")
    assert record["health"] == "degraded"
    assert any("kvm_vmx_enabled" in reason["text"] for reason in record["health_reasons"])


async def test_ready_is_neither_licensed_nor_healthy(service: RunningService) -> None:
    record = await _read_with(service, "unlicensed")
    assert (record["cml_ready"], record["health"]) == (True, "unlicensed")
    assert record["cml_license"]["authorization"] != "IN_COMPLIANCE"


async def test_not_ready_is_a_good_reading(service: RunningService) -> None:
    record = await _read_with(service, "not-ready")
    record = await service.worker((await service.refresh(record["id"]))["worker"]["name"])
    assert (record["sources"]["cml"]["outcome"], record["cml_ready"]) == ("ok", False)
    assert record["last_cml_api_error"] is None


async def test_orphans_are_shown(service: RunningService) -> None:
    record = await _read_with(service, "orphans", running=4)
    assert record["orphans_running"] == 4


async def test_an_account_that_cannot_see_all_labs_counts_none(service: RunningService) -> None:
    record = await _read_with(service, "not-admin")
    assert (record["labs_count"], record["labs_running"], record["labs_reason"]) == (None, None, "not_admin")
    assert record["nodes_running"] is not None
    assert record["sources"]["cml"]["outcome"] == "ok"


async def test_a_licence_that_may_not_be_read_leaves_the_rest(service: RunningService) -> None:
    record = await _read_with(service, "license-denied")
    assert record["sources"]["cml"]["outcome"] == "ok"
    assert record["sources"]["cml"]["parts"]["licence"]["error_code"] == "access_denied"
    assert record["labs_count"] is not None


async def test_maintenance_is_a_flag_beside_the_health(service: RunningService) -> None:
    record = await _read_with(service, "maintenance", notice="until noon")
    assert (record["maintenance_mode"], record["health"]) == (True, "ready")


async def test_a_wrong_password_leaves_the_public_parts(service: RunningService) -> None:
    before = await service.worker(ODD)
    service.simulator.faults.set("token-expired", worker=ODD)
    await _read_with(service, "wrong-password")
    record = await _read_with(service, "wrong-password")  # ready is left only after two failed readings
    assert (record["sources"]["cml"]["error_code"], record["health"]) == ("unauthorized", "degraded")
    assert (record["cml_version"], record["cml_ready"]) == (before["cml_version"], True)


async def test_a_tag_that_disappears_is_shown_and_does_not_forget(service: RunningService) -> None:
    instance = service.simulator.fleet.worker(ODD).instance
    whole = dict(instance.tags)
    try:
        instance.tags.pop("cmlfleet:managed")
        instance.touch()
        worker = await service.worker(ODD)
        record = (await service.refresh(worker["id"]))["worker"]
        assert (record["id"], record["discovery_tag_missing"], record["status"]) == (worker["id"], True, "running")
    finally:
        instance.tags.update(whole)
        instance.touch()
    assert (await service.refresh(worker["id"]))["worker"]["discovery_tag_missing"] is False


async def test_one_that_vanished_harms_nobody_and_is_not_missing_at_once(service: RunningService) -> None:
    record = await _read_with(service, "vanished")
    assert (record["sources"]["ec2"]["error_code"], record["status"]) == ("not_found", "running")
    assert (await service.worker(ORDINARY))["sources"]["ec2"]["outcome"] == "ok"
