"""`cmlfleet fleet`: the sum of it, and what needs somebody now."""

import sys
from typing import Any

from cmlfleet.cli import words
from cmlfleet.cli.client import Client
from cmlfleet.cli.layout import Column, print_table, printable, styled, wants_colour
from cmlfleet.cli.options import Output
from cmlfleet.cli.output import show_object
from cmlfleet.cli.selection import as_options

_ATTENTION_COLUMNS: tuple[Column, ...] = (
    Column("NEEDS SOMEBODY", lambda item: item["reason"]),
    Column("WORKERS", lambda item: str(item["count"])),
    Column("FOR", lambda item: words.since(item["since"])),
    Column("SHOWN BY", lambda item: f"cmlfleet workers list {as_options(item['query'])}"),
)


def fleet(*, output: Output = "table") -> None:
    """Counts, cost, and what needs somebody now."""
    show_object(Client().get("/api/v1/fleet"), form=output, for_people=_tell)


def _tell(found: dict[str, Any]) -> None:
    workers, labs = found["workers"], found["labs"]
    colour = wants_colour(sys.stdout)
    cost, idle = words.money(found["cost_per_hour_usd"]), words.money(found["idle_cost_per_hour_usd"])
    lines = [
        f"workers  {': '.join(filter(None, [str(workers['total']), words.counts(workers['by_status'])]))}",
        f"health   {words.counts(workers['by_health']) or words.UNKNOWN}",
        f"labs     {labs['running']} of {labs['total']} running, {found['nodes_running']} nodes",
        f"cost     ${cost} an hour at list price of {found['prices_as_of']}, ${idle} of it idle",
    ]
    for region in found["regions"]:
        if region["outcome"] == "error":
            code = styled(region["error_code"], "red", colour=colour)
            detail = printable(region["detail"] or "")
            where, since = f"{region['region']} of {region['account_id']}", words.since(region["since"])
            lines.append(f"region   {where}: {code} for {since}: {detail}")
    sys.stdout.write("\n".join(lines) + "\n")
    if found["attention"]:
        sys.stdout.write("\n")
        print_table(found["attention"], _ATTENTION_COLUMNS)
