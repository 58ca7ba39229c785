"""Which domain events are lines of the log, and what stands in them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from cmlfleet.application.ports.storage import StoredEvent
from cmlfleet.domain.identifiers import EventId, WorkerId
from cmlfleet.observability.event_log import log_event


async def _logged(kind: str, **data: Any) -> list[Any]:
    event = StoredEvent(
        sequence=1,
        event_id=EventId("e-1"),
        type=f"{kind}DomainEvent",
        worker_id=WorkerId("w-1"),
        occurred_at=datetime(2026, 11, 24, tzinfo=UTC),
        actor="schedule",
        cause="RefreshWorkerMetricsCommand",
        data=data,
    )
    with capture_logs() as lines:
        await log_event(event)
    return lines


async def test_a_failing_source_is_a_warning_with_worker_source_and_cause() -> None:
    (line,) = await _logged("CMLWorkerSourceFailing", source="cml", error_code="not_ready", detail="502")
    assert line == {
        "event": "CMLWorkerSourceFailing",
        "log_level": "warning",
        "worker_id": "w-1",
        "source": "cml",
        "error_code": "not_ready",
        "detail": "502",
        "actor": "schedule",
        "cause": "RefreshWorkerMetricsCommand",
        "event_id": "e-1",
    }


@pytest.mark.parametrize(
    "kind", ["CMLWorkerSourceRecovered", "CMLWorkerImported", "CMLWorkerForgotten", "CMLWorkerHealthChanged"]
)
async def test_what_an_operator_wants_to_know_is_a_line(kind: str) -> None:
    (line,) = await _logged(kind, before="unknown", after="ready")
    assert (line["event"], line["log_level"]) == (kind, "info")


@pytest.mark.parametrize("kind", ["CMLLabStateChanged", "CMLSystemInfoUpdated", "CMLWorkerEC2ChecksChanged"])
async def test_what_happens_all_day_is_none(kind: str) -> None:
    assert await _logged(kind, before="a", after="b") == []


async def test_the_first_status_of_an_imported_worker_is_told_by_its_import() -> None:
    assert await _logged("CMLWorkerStatusChanged", before="unknown", after="running") == []
    assert len(await _logged("CMLWorkerStatusChanged", before="running", after="stopped")) == 1
