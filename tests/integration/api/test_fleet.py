"""The fleet in one object: sums that are the sum of the list, and attention whose queries select what they count."""

from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio
from tests.support.service import RunningService, running_service
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKERS = 12
HOURS_IDLE = 2


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def team(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RunningService]:
    """The demo's story: something of everything, and a region that is denied."""
    async with running_service(
        tmp_path_factory.mktemp("team"),
        workers=WORKERS,
        simulated={"scenario_name": "team"},
        discovery_tags="cmlfleet:managed=true",
        discovery_interval="1",
        regions="us-east-1,eu-west-1",
    ) as service:

        async def all_are_read() -> bool:
            found = await service.workers()
            return len(found) == WORKERS and all(worker["last_refreshed_at"] for worker in found)

        await until(all_are_read, timeout_seconds=30, what="the first reading of the team's workers")
        yield service


async def _fleet(service: RunningService) -> dict[str, Any]:
    answer = await service.client.get("/api/v1/fleet")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _settled(service: RunningService) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Both of the same moment: the versions before and after are the same."""
    found: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []

    async def nothing_happened_meanwhile() -> bool:
        before, fleet, after = await service.workers(), await _fleet(service), await service.workers()
        found.append((fleet, after))
        return [worker["version"] for worker in before] == [worker["version"] for worker in after]

    await until(nothing_happened_meanwhile, what="a quiet moment")
    return found[-1]


async def test_the_sums_are_those_of_the_list(team: RunningService) -> None:
    fleet, workers = await _settled(team)
    assert fleet["workers"] == {
        "total": WORKERS,
        "by_status": Counter(worker["status"] for worker in workers),
        "by_health": Counter(worker["health"] for worker in workers),
    }
    assert fleet["labs"] == {
        "total": sum(worker["labs_count"] or 0 for worker in workers),
        "running": sum(worker["labs_running"] or 0 for worker in workers),
    }
    assert fleet["nodes_running"] == sum(worker["nodes_running"] or 0 for worker in workers)
    assert fleet["cost_per_hour_usd"] == pytest.approx(sum(worker["cost_per_hour_usd"] for worker in workers))
    assert fleet["prices_as_of"] == "2026-07-20"


async def test_what_is_stopped_costs_nothing_an_hour(team: RunningService) -> None:
    stopped = [worker for worker in await team.workers() if worker["status"] == "stopped"]
    assert stopped
    assert {worker["cost_per_hour_usd"] for worker in stopped} == {0.0}


async def test_by_region_and_by_account_add_up(team: RunningService) -> None:
    fleet = await _fleet(team)
    for groups in (fleet["by_region"], fleet["by_account"]):
        assert sum(group["workers"] for group in groups.values()) == WORKERS
        assert sum(group["running"] for group in groups.values()) == fleet["workers"]["by_status"]["running"]
        costs = [group["cost_per_hour_usd"] for group in groups.values()]
        assert sum(costs) == pytest.approx(fleet["cost_per_hour_usd"])


async def test_a_denied_region_is_one_line_that_names_the_permission(team: RunningService) -> None:
    async def told() -> bool:
        return any(region["outcome"] == "error" for region in (await _fleet(team))["regions"])

    await until(told, timeout_seconds=15, what="the denied region")
    lines = {region["region"]: region for region in (await _fleet(team))["regions"]}
    assert lines.keys() == {"us-east-1", "eu-west-1"}
    denied, fine = lines["eu-west-1"], lines["us-east-1"]
    assert (denied["outcome"], denied["error_code"], denied["workers"]) == ("error", "access_denied", 0)
    assert denied["operation"] == "ec2:DescribeInstances"
    assert "ec2:DescribeInstances" in denied["detail"]
    assert denied["since"] is not None
    assert (fine["outcome"], fine["error_code"], fine["workers"]) == ("ok", None, WORKERS)


async def test_a_query_of_attention_selects_what_it_counts(team: RunningService) -> None:
    attention = (await _fleet(team))["attention"]
    assert {entry["reason"] for entry in attention} >= {
        "degraded",
        "unlicensed",
        "disk_nearly_full",
        "scheduled_event",
        "license_expiring",
    }
    for entry in attention:
        answer = await team.client.get("/api/v1/workers", params=parse_qsl(entry["query"]))
        assert answer.status_code == 200, (entry, answer.text)
        assert answer.json()["total"] == entry["count"] > 0, entry


async def test_attention_tells_since_when_or_when(team: RunningService) -> None:
    matters = {entry["reason"]: entry for entry in (await _fleet(team))["attention"]}
    degraded = (await team.client.get("/api/v1/workers", params={"health": "degraded"})).json()["items"]
    assert matters["degraded"]["since"] == min(
        reason["since"] for worker in degraded for reason in worker["health_reasons"]
    )
    (expiring,) = (
        await team.client.get("/api/v1/workers", params=parse_qsl(matters["license_expiring"]["query"]))
    ).json()["items"]
    assert expiring["name"] == "bgp-class-1"
    assert matters["license_expiring"]["due_at"] == expiring["cml_license"]["expires_at"]
    assert matters["license_expiring"]["since"] is None


async def test_what_is_idle_is_counted_and_costs(team: RunningService) -> None:
    before = await _fleet(team)
    assert before["idle_cost_per_hour_usd"] == 0.0
    assert "idle" not in {entry["reason"] for entry in before["attention"]}
    worker = await team.worker("metal-forgotten")
    assert worker["nodes_running"] == 0
    await _idle_since_hours_ago(team, worker["id"])
    after = await _fleet(team)
    assert after["idle_cost_per_hour_usd"] == pytest.approx(worker["cost_per_hour_usd"])
    (idle,) = [entry for entry in after["attention"] if entry["reason"] == "idle"]
    answer = await team.client.get("/api/v1/workers", params=parse_qsl(idle["query"]))
    assert [found["name"] for found in answer.json()["items"]] == ["metal-forgotten"] * idle["count"]


async def _idle_since_hours_ago(service: RunningService, worker_id: str) -> None:
    """As if the service had read it so for hours: nobody can ask AWS or CML since when no node has run."""
    from datetime import timedelta  # noqa: PLC0415 - only here

    from cmlfleet.domain.identifiers import WorkerId  # noqa: PLC0415 - only here

    workers = service.service.storage.workers
    state = await workers.load(WorkerId(worker_id))
    assert state is not None
    assert state.nodes_idle_since is not None
    state.nodes_idle_since -= timedelta(hours=HOURS_IDLE)
    await workers.save(state)


async def test_an_empty_fleet_costs_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with running_service(tmp_path_factory.mktemp("empty"), workers=1) as service:
        fleet = await _fleet(service)
    assert fleet["workers"] == {"total": 0, "by_status": {}, "by_health": {}}
    assert (fleet["cost_per_hour_usd"], fleet["idle_cost_per_hour_usd"]) == (0.0, 0.0)
    assert (fleet["by_region"], fleet["by_account"], fleet["attention"]) == ({}, {}, [])


async def test_an_account_that_aws_does_not_name_is_a_line_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cmlfleet.integration.aws.accounts._FAILURE_KEPT_SECONDS", 0.0)
    monkeypatch.setattr("cmlfleet.integration.aws.adapters._LEARN_AGAIN_SECONDS", 0.01)
    async with running_service(tmp_path, workers=1, knows_account=False, regions="us-east-1,eu-west-1") as service:

        async def lines() -> list[tuple[str, str, str]]:
            regions = (await _fleet(service))["regions"]
            return [(region["account_id"], region["region"], region["outcome"]) for region in regions]

        async def fails() -> bool:
            return bool(await lines())

        await until(fails, what="the account's failure")
        assert await lines() == [("unknown", region, "error") for region in ("eu-west-1", "us-east-1")]
        (line, _) = (await _fleet(service))["regions"]
        assert (line["error_code"], line["workers"]) == ("access_denied", 0)
        assert line["since"]
        parts = (await service.client.get("/readyz")).json()["parts"]
        assert "access_denied" in parts["aws"]
        service.simulator.faults.clear()

        async def all_are_read() -> bool:
            return [outcome for *_, outcome in await lines()] == ["ok", "ok"]

        await until(all_are_read, what="both regions of the account that is known now")
        assert "unknown" not in {account for account, *_ in await lines()}
