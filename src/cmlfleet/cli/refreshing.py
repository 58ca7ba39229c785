"""Following long work to its end."""

import sys
import time
from typing import Any

from cmlfleet.cli.client import Client
from cmlfleet.cli.exit_codes import FAILED, SOME_FAILED
from cmlfleet.cli.layout import Cell, Column
from cmlfleet.cli.options import Output
from cmlfleet.cli.output import show
from cmlfleet.cli.progress import progress

POLL_SECONDS = 0.3
_STYLES = {"done": "green", "failed": "red", "running": "cyan"}
_COLUMNS: tuple[Column, ...] = (
    Column("WORKER", lambda item: item["name"] or item["worker_id"]),
    Column("STATE", lambda item: Cell(item["state"], _STYLES.get(item["state"], ""))),
    Column("DETAIL", lambda item: item["detail"] or "", sentence=True),
)


def follow_operation(client: Client, operation: dict[str, Any], *, output: Output) -> None:
    """Wait for the end and print what became of each worker; the exit status says whether all went well."""
    with progress(operation["kind"]) as advance:
        while operation["state"] in ("pending", "running"):
            advance(operation["done"], operation["total"])
            time.sleep(POLL_SECONDS)
            operation = client.get(f"/api/v1/operations/{operation['id']}")
    if output in ("json", "yaml"):
        show([operation], form=output, columns=(), single=True)
    else:
        show(operation["items"], form=output, columns=_COLUMNS)
    failed = sum(item["state"] == "failed" for item in operation["items"])
    sys.stderr.write(f"{operation['total'] - failed} of {operation['total']} refreshed\n")
    if failed:
        sys.exit(SOME_FAILED if failed < operation["total"] else FAILED)
