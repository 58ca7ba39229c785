"""Figures and changes in words."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from cmlfleet.cli import words
from cmlfleet.cli.selection import as_options

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ARROW = "\N{RIGHTWARDS ARROW}"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-11-24T11:59:48Z", "12 s ago"),
        ("2026-11-24T11:13:00.123456Z", "46 min ago"),
        ("2026-11-24T02:59:00Z", "9 h 1 min ago"),
        ("2026-11-21T10:00:00Z", "3 d 2 h ago"),
        ("2026-11-24T12:00:05Z", "0 s ago"),
        (None, words.UNKNOWN),
    ],
)
def test_ages(moment: str | None, text: str) -> None:
    assert words.age(moment, now=NOW) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-11-24T12:00:00Z", "now"),
        ("2026-11-24T12:01:00Z", "2026-11-24 12:01:00Z"),
        (None, words.UNKNOWN),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_what_is_due(moment: str | None, text: str) -> None:
    assert words.due(moment) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"before": "booting", "after": "ready", "reason": None}, f"booting {ARROW} ready"),
        ({"before": None, "after": True}, "true"),
        ({"before": "x", "after": None}, f"x {ARROW} {words.UNKNOWN}"),
        ({"before": {"a": 1, "b": 2}, "after": {"a": 1, "b": 3, "c": "new"}}, f"b: 2 {ARROW} 3, c: new"),
        ({"before": None, "after": {"a": "x"}}, "a: x"),
        ({"lab_id": "1", "title": "BGP", "owner": None}, "lab_id: 1, title: BGP"),
        (
            {"before": "high", "after": "normal", "figure": "cpu", "percent": 79.5},
            f"high {ARROW} normal, figure: cpu, percent: 79.5",
        ),
        ({}, ""),
    ],
)
def test_changes(data: dict[str, Any], text: str) -> None:
    assert words.change(data) == text


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("health=degraded", "--health degraded"),
        ("disk_utilization.gte=90", "--where disk_utilization.gte=90"),
        (
            "status=running&nodes_idle_since.lt=2026-11-24T11%3A00%3A00Z",
            "--status running --where nodes_idle_since.lt=2026-11-24T11:00:00Z",
        ),
        (
            "account_id=1&q=a+b&label=team%3Dblue&sort=-name",
            "--account 1 --query 'a b' --label team=blue --sort -name",
        ),
    ],
)
def test_a_query_of_the_api_as_options(query: str, options: str) -> None:
    assert as_options(query) == options
