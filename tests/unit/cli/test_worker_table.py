"""A worker as a row: what is no longer fresh is marked, and every source that fails is named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cmlfleet.cli.layout import table
from cmlfleet.cli.worker_table import COLUMNS

NOW = datetime.now(UTC)
AGES_AGO = (NOW - timedelta(days=3, hours=2, minutes=30)).isoformat()


def _now() -> str:
    """Of this test: the run's other tests may take longer than what is still called new."""
    return datetime.now(UTC).isoformat()


def _source(**changes: Any) -> dict[str, Any]:
    fine = {"outcome": "ok", "error_code": None, "failing_since": None, "read_at": NOW.isoformat(), "stale": False}
    return fine | changes


def _failing(code: str) -> dict[str, Any]:
    return _source(outcome="error", error_code=code, failing_since=AGES_AGO, read_at=AGES_AGO, stale=True)


def _worker(sources: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    every_source = {"ec2": _source(), "cloudwatch": _source(), "cml": _source(parts={})}
    worker = {
        "name": "alpha",
        "status": "running",
        "health": "ready",
        "health_reason": None,
        "health_reasons": [],
        "cpu_utilization": 26.0,
        "cpu_source": "cloudwatch",
        "memory_utilization": 41.0,
        "memory_source": "cml",
        "disk_utilization": 50.0,
        "labs_running": 3,
        "labs_count": 9,
        "nodes_running": 5,
        "nodes_limit": 40,
        "nodes_idle_since": None,
        "scheduled_events": [],
        "certificate_shared_with": 0,
        "discovery_tag_missing": False,
        "cml_license": {"authorization": "IN_COMPLIANCE"},
        "cost_per_hour_usd": 1.0,
        "last_refreshed_at": NOW.isoformat(),
        "sources": every_source | (sources or {}),
    }
    return worker | changes


def _cells(worker: dict[str, Any]) -> dict[str, str]:
    header, row = table([worker], COLUMNS, width=None, colour=False)
    starts = [(header.index(column.title), column.title) for column in COLUMNS]
    ends = [start for start, _ in starts[1:]] + [None]
    return {title: row[start:end].strip() for (start, title), end in zip(starts, ends, strict=True)}


def test_fresh_figures_have_no_mark() -> None:
    cells = _cells(_worker())
    assert not [text for text in cells.values() if "~" in text]
    assert cells["WHAT IS WRONG"] == ""


def test_a_status_that_ec2_does_not_confirm_is_marked_and_the_source_named() -> None:
    cells = _cells(_worker({"ec2": _failing("unreachable")}, health="off", status="stopped"))
    assert cells["STATUS"] == "~stopped"
    assert cells["WHAT IS WRONG"] == "ec2: unreachable for 3 d 2 h"


def test_a_reason_for_the_health_hides_no_failing_source() -> None:
    reasons = [{"code": "disk_full", "text": "the disk is 97 % full", "since": _now()}]
    sources = {"ec2": _failing("unreachable"), "cml": _failing("timeout") | {"parts": {}}}
    worker = _worker(sources, health="degraded", health_reason="the disk is 97 % full", health_reasons=reasons)
    told = _cells(worker)["WHAT IS WRONG"]
    assert told == "the disk is 97 % full; ec2: unreachable for 3 d 2 h, cml: timeout for 3 d 2 h"


@pytest.mark.parametrize("code", ["timeout", "booting"])
def test_what_is_the_reason_itself_is_said_once(code: str) -> None:
    reasons = [{"code": code, "text": "CML does not answer", "since": _now()}]
    sources = {"cml": _failing("timeout") | {"parts": {}}}
    worker = _worker(sources, health="unreachable", health_reason="CML does not answer", health_reasons=reasons)
    assert _cells(worker)["WHAT IS WRONG"] == "CML does not answer"


def test_what_was_not_read_for_long_says_when_it_was() -> None:
    cells = _cells(_worker({"cloudwatch": _source(stale=True, read_at=AGES_AGO)}))
    assert (cells["CPU"], cells["MEM"]) == ("~26 %", "41 %")
    assert cells["WHAT IS WRONG"] == "cloudwatch: last read 3 d 2 h ago"


def test_everything_of_a_silent_controller_is_marked() -> None:
    cells = _cells(_worker({"cml": _failing("timeout") | {"parts": {}}}))
    titles = ("MEM", "DISK", "LABS", "NODES", "LICENCE")
    assert [cells[title] for title in titles] == ["~41 %", "~50 %", "~3 of 9", "~5 of 40", "~IN_COMPLIANCE"]
    assert (cells["STATUS"], cells["CPU"]) == ("running", "26 %")


def test_a_part_that_fails_marks_its_own_column_alone() -> None:
    parts = {"labs": {"outcome": "error", "read_at": AGES_AGO}, "licence": {"outcome": "ok", "read_at": AGES_AGO}}
    cells = _cells(_worker({"cml": _source(parts=parts)}))
    assert (cells["LABS"], cells["NODES"], cells["LICENCE"]) == ("~3 of 9", "5 of 40", "IN_COMPLIANCE")


def test_what_is_not_known_needs_no_mark() -> None:
    cells = _cells(_worker({"cml": _failing("timeout") | {"parts": {}}}, labs_running=None, disk_utilization=None))
    assert (cells["LABS"], cells["DISK"]) == ("\N{EN DASH}", "\N{EN DASH}")


def test_eighty_columns_keep_cpu_and_age() -> None:
    worker = _worker(name="cml-worker-00001", discovery_tag_missing=True, certificate_shared_with=3)
    header = next(iter(table([worker], COLUMNS, width=80, colour=False)))
    assert {"CPU", "REFRESHED"} <= set(header.split())
