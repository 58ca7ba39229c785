"""The history of a worker's figures: steps, gaps, and both sources side by side."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.service import RunningService

from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sample import Sample

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FIGURES = (
    "cpu_utilization",
    "memory_utilization",
    "disk_utilization",
    "labs_count",
    "labs_running",
    "nodes_running",
)


async def _remember(service: RunningService, worker_id: str, *samples: Sample) -> None:
    workers = service.service.storage.workers
    state = await workers.load(WorkerId(worker_id))
    assert state is not None
    await workers.save(state, samples=samples)


async def _samples(service: RunningService, worker_id: str, **parameters: Any) -> dict[str, Any]:
    answer = await service.client.get(f"/api/v1/workers/{worker_id}/samples", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _minute(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


async def test_means_over_steps_with_nulls_for_gaps(service: RunningService) -> None:
    worker_id = (await service.worker("cml-worker-00001"))["id"]
    await _remember(
        service,
        worker_id,
        Sample(at=_minute(0), cpu_utilization=10.0, labs_count=2, labs_running=1, nodes_running=4),
        Sample(at=_minute(1), cpu_utilization=20.0, labs_count=3, labs_running=1, nodes_running=5),
        Sample(at=_minute(1.5), memory_utilization=50.0),
        Sample(at=_minute(15), cpu_utilization=70.0, disk_utilization=40.0),
    )
    found = await _samples(
        service, worker_id, **{"from": NOON.isoformat(), "to": _minute(20).isoformat(), "step": 300}
    )
    assert found["step_seconds"] == 300
    assert [point["at"] for point in found["points"]] == [
        "2026-11-20T12:00:00Z",
        "2026-11-20T12:05:00Z",
        "2026-11-20T12:10:00Z",
        "2026-11-20T12:15:00Z",
    ]
    first, second, third, fourth = found["points"]
    assert first == {
        "at": "2026-11-20T12:00:00Z",
        "cpu_utilization": 15.0,
        "memory_utilization": 50.0,
        "disk_utilization": None,
        "labs_count": 2,
        "labs_running": 1,
        "nodes_running": 4,
    }
    assert {point[figure] for point in (second, third) for figure in FIGURES} == {None}
    assert (fourth["cpu_utilization"], fourth["disk_utilization"], fourth["labs_count"]) == (70.0, 40.0, None)


async def test_both_sources_are_in_the_history(service: RunningService) -> None:
    """CloudWatch's datapoint has its own minute; CML's figures have the moment of the reading."""
    worker_id = (await service.worker("cml-worker-00002"))["id"]
    worker = (await service.refresh(worker_id))["worker"]
    assert worker["cpu_source"] == "cloudwatch"
    points = (await _samples(service, worker_id, step=60))["points"]
    at = worker["cpu_metrics_at"]
    (of_cloudwatch,) = [point for point in points if point["at"] <= at < _after(point["at"], 60)]
    assert of_cloudwatch["cpu_utilization"] is not None
    read = worker["last_cml_api_sync_at"]
    (of_cml,) = [point for point in points if point["at"] <= read < _after(point["at"], 60)]
    assert of_cml["labs_count"] == worker["labs_count"]
    assert of_cml["disk_utilization"] == pytest.approx(worker["disk_utilization"], abs=1)


def _after(at: str, seconds: int) -> str:
    return (datetime.fromisoformat(at) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


async def test_by_default_the_last_hour_in_minutes(service: RunningService) -> None:
    worker_id = (await service.worker("cml-worker-00003"))["id"]
    found = await _samples(service, worker_id)
    assert found["step_seconds"] == 60
    assert len(found["points"]) in {60, 61}  # whole minutes: the first and the last may lie in the hour in part
    assert any(point["labs_count"] is not None for point in found["points"])
    assert datetime.now(UTC) - datetime.fromisoformat(found["points"][0]["at"]) < timedelta(minutes=62)


async def test_times_without_a_zone_are_utc_and_others_are_converted(service: RunningService) -> None:
    worker_id = (await service.worker("cml-worker-00001"))["id"]
    naive = await _samples(service, worker_id, **{"from": "2026-11-20T12:00:00", "to": "2026-11-20T12:05:00"})
    zoned = await _samples(service, worker_id, **{"from": "2026-11-20T14:00:00+02:00", "to": "2026-11-20T12:05:00Z"})
    assert naive == zoned


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"from": "2026-11-20T12:00:00Z", "to": "2026-11-20T12:00:00Z"}, "'from' must lie before 'to'"),
        ({"from": "2030-01-01T00:00:00Z"}, "'from' must lie before 'to'"),
        ({"from": "2020-01-01T00:00:00Z", "step": "1"}, "give a longer step"),
        ({"step": "0"}, "step"),
        ({"step": "86401"}, "step"),
        ({"step": "soon"}, "step"),
        ({"from": "yesterday"}, "from"),
        ({"form": "2026-11-20T12:00:00Z"}, "did you mean 'from'"),
        ({"from": "0001-01-01T00:00:00+14:00", "to": "0001-01-02T00:00:00Z", "step": "60"}, "calendar"),
    ],
)
async def test_a_time_that_makes_no_sense_is_refused(
    service: RunningService, parameters: dict[str, str], told: str
) -> None:
    worker_id = (await service.worker("cml-worker-00001"))["id"]
    answer = await service.client.get(f"/api/v1/workers/{worker_id}/samples", params=parameters)
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert told in answer.json()["detail"]


async def test_an_unknown_worker_is_404(service: RunningService) -> None:
    answer = await service.client.get("/api/v1/workers/w-none/samples")
    assert answer.status_code == 404


async def test_steps_are_whole_when_nobody_says_where_they_begin(service: RunningService) -> None:
    worker_id = (await service.worker("cml-worker-00001"))["id"]
    found = await _samples(service, worker_id, step=300, to="2026-11-20T12:02:34Z")
    assert found["points"][0]["at"] == "2026-11-20T11:00:00Z"
