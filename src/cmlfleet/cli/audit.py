"""The audit trail on the command line: `cmlfleet events --audit`."""

import sys
from collections.abc import Sequence
from typing import Any

from cmlfleet.cli import words
from cmlfleet.cli.client import Client
from cmlfleet.cli.layout import Cell, Column

_RESULT_STYLES = {"refused": "yellow", "failed": "red"}


def _told(entry: dict[str, Any]) -> str:
    if entry["detail"]:
        return entry["detail"]
    return "; ".join(
        f"{change['what']}: {words.step(change['before'], change['after'])}" for change in entry["changes"]
    )


COLUMNS: tuple[Column, ...] = (
    Column("WHEN", lambda entry: words.moment(entry["at"]), least=len("2026-01-01 00:00:00Z")),
    Column("WHO", lambda entry: entry["actor"], least=10),
    Column("FROM", lambda entry: entry["address"] or words.UNKNOWN, least=10, spare=1),
    Column("WHAT", lambda entry: entry["action"], least=24),
    Column("WORKER", lambda entry: entry["worker_id"] or "", least=18),
    Column("RESULT", lambda entry: Cell(entry["result"], _RESULT_STYLES.get(entry["result"], ""))),
    Column("DATA", _told, sentence=True),
)


def export(client: Client, parameters: Sequence[tuple[str, str]]) -> None:
    """Every entry as a line of JSON, the newest first."""
    for line in client.lines("/api/v1/audit/export", parameters):
        sys.stdout.write(line + "\n")
