"""The audit trail on the command line: `cmlfleet events --audit`."""

import sys
from collections.abc import Sequence
from typing import Any

from rich.markup import escape

from cmlfleet.cli import words
from cmlfleet.cli.client import Client
from cmlfleet.cli.output import Column

_WIDEST_DATA = 200

COLUMNS: tuple[Column, ...] = (
    ("WHEN", lambda entry: entry["at"]),
    ("WHO", lambda entry: escape(entry["actor"])),
    ("FROM", lambda entry: entry["address"] or words.UNKNOWN),
    ("WHAT", lambda entry: escape(entry["action"])),
    ("WORKER", lambda entry: entry["worker_id"] or ""),
    ("RESULT", lambda entry: entry["result"]),
    ("DATA", lambda entry: escape(_told(entry))[:_WIDEST_DATA]),
)


def export(client: Client, parameters: Sequence[tuple[str, str]]) -> None:
    """Every entry as a line of JSON, the newest first."""
    for line in client.lines("/api/v1/audit/export", parameters):
        sys.stdout.write(line + "\n")


def _told(entry: dict[str, Any]) -> str:
    if entry["detail"]:
        return entry["detail"]
    return "; ".join(f"{change['what']}: {change['before']} → {change['after']}" for change in entry["changes"])
