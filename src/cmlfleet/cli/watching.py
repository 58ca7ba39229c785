"""The list of workers, updated in place."""

import sys
import time
from datetime import UTC, datetime
from shutil import get_terminal_size

from rich.console import Console
from rich.live import Live
from rich.text import Text

from cmlfleet.cli.client import Client
from cmlfleet.cli.exit_codes import FAILED, CommandFailed
from cmlfleet.cli.layout import styled, table, terminal_width, wants_colour
from cmlfleet.cli.selection import Parameters
from cmlfleet.cli.worker_table import COLUMNS

LOOK_AGAIN_SECONDS = 1.0
_MOST_ROWS = 1000  # what one page holds


def watch_workers(client: Client, parameters: Parameters) -> None:
    """Until Ctrl-C. A service that goes away is said so above what was read last. Raises CommandFailed."""
    lines, total = _look(client, parameters)
    with Live(console=Console(), auto_refresh=False, screen=True) as live:
        trouble = ""
        while True:
            live.update(_screen(lines, total, trouble), refresh=True)
            time.sleep(LOOK_AGAIN_SECONDS)
            try:
                lines, total = _look(client, parameters)
                trouble = ""
            except CommandFailed as error:
                if error.status != FAILED:
                    raise
                trouble = str(error).partition(": ")[0]


def _look(client: Client, parameters: Parameters) -> tuple[list[str], int]:
    rows = min(max(get_terminal_size().lines, 1), _MOST_ROWS)
    page = client.get("/api/v1/workers", [*parameters, ("limit", str(rows))])
    width, colour = terminal_width(sys.stdout), wants_colour(sys.stdout)
    return list(table(page["items"], COLUMNS, width=width, colour=colour)), page["total"]


def _screen(lines: list[str], total: int, trouble: str) -> Text:
    colour = wants_colour(sys.stdout)
    head = f"{total} workers at {datetime.now(UTC):%H:%M:%SZ}; Ctrl-C ends"
    if trouble:
        head = styled(f"{trouble}; below is what was read last", "bold red", colour=colour)
    room = get_terminal_size().lines - 1
    if len(lines) > room:
        lines = [*lines[: room - 1], "more than fit here: choose with --region, --status, --health, --label, --where"]
    return Text.from_ansi("\n".join([head, *lines]))
