"""The list of workers pages, filters, sorts and searches; what it cannot understand it refuses in words."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
import pytest_asyncio
from tests.support.service import RunningService, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKERS = 12
AT = "/api/v1/workers"
Matches = Callable[[dict[str, Any]], bool]
FILTERS: list[tuple[dict[str, Any], Matches]] = [
    ({"status": "running"}, lambda worker: worker["status"] == "running"),
    ({"status": "stopped,terminated"}, lambda worker: False),
    ({"region": "us-east-1"}, lambda worker: worker["region"] == "us-east-1"),
    ({"region": "eu-west-9"}, lambda worker: False),
    ({"account_id": "999999999999"}, lambda worker: False),
    ({"health": "ready"}, lambda worker: worker["health"] == "ready"),
    ({"health": "off"}, lambda worker: False),
    ({"label": "course=bgp"}, lambda worker: worker["labels"]["course"] == "bgp"),
    ({"label": "course"}, lambda worker: True),
    ({"label": "cours"}, lambda worker: False),
    ({"label": ["course=bgp", "number=3"]}, lambda worker: worker["labels"]["number"] == "3"),
    ({"q": "WORKER-00007"}, lambda worker: worker["name"] == "cml-worker-00007"),
    ({"q": "no such thing"}, lambda worker: False),
    ({"cpu_utilization.gt": "20"}, lambda worker: worker["cpu_utilization"] > 20),
    ({"cpu_utilization.lte": "20"}, lambda worker: worker["cpu_utilization"] <= 20),
    ({"labs_count.gte": "3", "labs_count.lt": "5"}, lambda worker: 3 <= worker["labs_count"] < 5),
    ({"labs_count.ne": "3"}, lambda worker: worker["labs_count"] != 3),
    ({"instance_type.eq": "m5zn.metal"}, lambda worker: worker["instance_type"] == "m5zn.metal"),
    ({"last_refreshed_at.lt": "2020-01-01T00:00:00Z"}, lambda worker: False),
    ({"last_refreshed_at.gt": "2020-01-01T00:00:00Z"}, lambda worker: True),
    ({"cml_ready.eq": "true"}, lambda worker: worker["cml_ready"]),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RunningService]:
    """Twelve workers, read only."""
    async with running_service(tmp_path_factory.mktemp("fleet"), workers=WORKERS) as running:
        for number, worker in enumerate(await running.adopt_all()):
            labels = {"course": "bgp" if number % 2 else "ospf", "number": str(number)}
            answer = await running.client.patch(f"{AT}/{worker['id']}", json={"labels": labels})
            assert answer.status_code == 200
        yield running


async def _listed(fleet: RunningService, **parameters: Any) -> dict[str, Any]:
    answer = await fleet.client.get(AT, params=parameters)
    assert answer.status_code == 200, answer.text[:300]
    return answer.json()


async def _refused(fleet: RunningService, **parameters: Any) -> str:
    answer = await fleet.client.get(AT, params=parameters)
    assert answer.status_code == 422, answer.text[:300]
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["errors"]
    return problem["detail"]


@pytest.mark.parametrize(
    "sort", ["name", "-name", "cpu_utilization", "-last_refreshed_at", "-disk_utilization", "id"]
)
@pytest.mark.parametrize("limit", [1, 5, 12])
async def test_pages_give_every_worker_once_and_in_order(fleet: RunningService, sort: str, limit: int) -> None:
    whole = await _listed(fleet, sort=sort, limit=1000)
    found: list[str] = []
    cursor: str | None = None
    for _ in range(WORKERS):
        page = await _listed(fleet, sort=sort, limit=limit, **({"cursor": cursor} if cursor else {}))
        assert page["total"] == WORKERS
        assert len(page["items"]) <= limit
        found += [worker["id"] for worker in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert cursor is None
    assert found == [worker["id"] for worker in whole["items"]]
    assert len(set(found)) == WORKERS


@pytest.mark.parametrize("field", ["name", "cpu_utilization", "launched_at", "instance_type"])
async def test_sorted_by_what_is_asked(fleet: RunningService, field: str) -> None:
    up = [worker[field] for worker in (await _listed(fleet, sort=field))["items"]]
    down = [worker[field] for worker in (await _listed(fleet, sort=f"-{field}"))["items"]]
    assert up == sorted(up)
    assert down == sorted(up, reverse=True)
    assert len(set(up)) > 1


@pytest.mark.parametrize(("parameters", "matches"), FILTERS)
async def test_filtered_by_what_is_asked(fleet: RunningService, parameters: dict[str, Any], matches: Matches) -> None:
    everybody = (await _listed(fleet, limit=1000))["items"]
    wanted = {worker["name"] for worker in everybody if matches(worker)}
    page = await _listed(fleet, **parameters)
    assert {worker["name"] for worker in page["items"]} == wanted
    assert page["total"] == len(wanted)


@pytest.mark.parametrize("offset", [0, 1, 7, 11, 12, 1000])
async def test_a_page_by_its_number_is_the_same_stretch_of_the_list(fleet: RunningService, offset: int) -> None:
    whole = await _listed(fleet, sort="-cpu_utilization", limit=1000)
    page = await _listed(fleet, sort="-cpu_utilization", limit=3, offset=offset)
    names = [worker["name"] for worker in whole["items"]]
    assert [worker["name"] for worker in page["items"]] == names[offset : offset + 3]
    assert page["total"] == whole["total"]


async def test_a_cursor_keeps_to_its_filter(fleet: RunningService) -> None:
    first = await _listed(fleet, label="course=bgp", limit=4)
    second = await _listed(fleet, label="course=bgp", limit=4, cursor=first["next_cursor"])
    assert first["total"] == second["total"] == WORKERS // 2
    assert len(second["items"]) == 2
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"status": "runing"}, ["'runing'", "running", "stopped"]),
        ({"health": "good"}, ["'good'", "ready", "unreachable"]),
        ({"status": "running,gone"}, ["'gone'", "terminated"]),
        ({"sort": "colour"}, ["'colour'", "cpu_utilization"]),
        ({"sort": ""}, []),
        ({"colour.gt": "3"}, ["'colour'", "cpu_utilization"]),
        ({"cpu_utilization.above": "3"}, ["cpu_utilization.above", "eq, ne, gt, gte, lt, lte"]),
        ({"cpu_utilization.gt": "much"}, ["'much'", "cpu_utilization", "a number"]),
        ({"cpu_utilization.gt": "nan"}, ["'nan'"]),
        ({"last_refreshed_at.lt": "yesterday"}, ["'yesterday'", "last_refreshed_at", "2026-11-24T12:00:00Z"]),
        ({"last_refreshed_at.lt": "2026"}, ["'2026'", "a time, such as"]),
        ({"cml_ready.eq": "maybe"}, ["'maybe'", "true or false"]),
        ({"statu": "running"}, ["'statu'", "'status'"]),
        ({"label": "=x"}, ["key=value"]),
        ({"limit": "0"}, ["limit"]),
        ({"limit": "1001"}, ["limit", "1000"]),
        ({"limit": "many"}, ["limit"]),
        ({"offset": "-1"}, ["offset"]),
        ({"cursor": "nonsense!"}, ["cursor"]),
        ({"q": "a\x00b"}, ["NUL"]),
    ],
)
async def test_what_is_not_understood_is_refused_naming_what_is(
    fleet: RunningService, parameters: dict[str, str], told: list[str]
) -> None:
    if not told:
        assert (await _listed(fleet, **parameters))["total"] == WORKERS
        return
    detail = await _refused(fleet, **parameters)
    for word in told:
        assert word in detail


async def test_a_cursor_of_another_order_is_refused(fleet: RunningService) -> None:
    cursor = (await _listed(fleet, sort="name", limit=2))["next_cursor"]
    detail = await _refused(fleet, sort="-name", cursor=cursor)
    assert "'name'" in detail
    assert "'-name'" in detail


async def test_times_are_utc_with_z(fleet: RunningService) -> None:
    worker = (await _listed(fleet, limit=1))["items"][0]
    for field in ("launched_at", "last_refreshed_at", "metrics_at", "created_at"):
        assert worker[field].endswith("Z"), field


async def test_a_record_has_every_field_of_the_interface(fleet: RunningService) -> None:
    worker = (await _listed(fleet, limit=1))["items"][0]
    missing = FIELDS - worker.keys()
    assert not missing
    for source in ("ec2", "cloudwatch", "cml"):
        assert worker["sources"][source].keys() >= SOURCE_FIELDS
    assert worker["sources"]["cml"]["parts"].keys() == PARTS
    for part in worker["sources"]["cml"]["parts"].values():
        assert part.keys() >= {"outcome", "error_code", "read_at"}
    assert worker["monitoring"].keys() >= {"active", "next_refresh_at"}
    assert worker["cml_license"].keys() >= LICENSE_FIELDS


FIELDS = {
    *("id", "name", "account_id", "region", "instance_id", "instance_type", "ami_id", "labels", "status"),
    *("status_reason", "launched_at", "public_ip", "public_ip_is_elastic", "private_ip", "https_endpoint"),
    *("ec2_checks", "scheduled_events", "role", "controller_id", "cost_per_hour_usd", "health", "health_reason"),
    *("health_reasons", "cpu_utilization", "memory_utilization", "cpu_source", "memory_source", "metrics_at"),
    *("cml_version", "cml_ready", "cml_uptime_seconds", "cml_system_info", "labs_count", "labs_running"),
    *("nodes_running", "cml_license", "cml_health", "compute_hosts", "maintenance_mode", "ready_since"),
    *("disk_utilization", "nodes_limit", "nodes_idle_since", "last_cml_api_sync_at", "last_cml_api_error"),
    *("sources", "monitoring", "last_refreshed_at", "version"),
}
SOURCE_FIELDS = {"outcome", "reason", "error_code", "read_at", "failing_since", "next_due_at", "stale"}
PARTS = {"system_information", "statistics", "health", "labs", "licence"}
LICENSE_FIELDS = {
    *("status", "authorization", "product", "registration_expires_at", "authorization_expires_at", "expires_at"),
    *("renew_at", "renew_failed"),
}
