"""`cmlfleet fleet`, `events`, `labs` and `license`."""

import sys
import time
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.markup import escape

from cmlfleet.cli import audit, words
from cmlfleet.cli.client import Client
from cmlfleet.cli.exit_codes import NOT_FOUND, USAGE, CommandFailed
from cmlfleet.cli.output import Column, Form, show

Output = Annotated[Form, Parameter(name=["-o", "--output"], help="How to print.")]

labs = App(name="labs", help="Labs of the fleet.")
license_ = App(name="license", help="Licences of workers.")

FOLLOW_SECONDS = 1.0

_LAB_COLUMNS: tuple[Column, ...] = (
    ("TITLE", lambda lab: escape(lab["title"])),
    ("STATE", lambda lab: escape(lab["state"])),
    ("NODES", lambda lab: words.of(lab["nodes_running"], lab["node_count"])),
    ("OWNER", lambda lab: escape(lab["owner"] or words.UNKNOWN)),
    ("WORKER", lambda lab: escape(lab["worker_name"])),
    ("READ", lambda lab: words.age(lab["read_at"])),
    ("ID", lambda lab: lab["id"]),
)
_EVENT_COLUMNS: tuple[Column, ...] = (
    ("WHEN", lambda event: event["occurred_at"]),
    ("WHAT", lambda event: event["type"].removesuffix("DomainEvent")),
    ("WORKER", lambda event: event["worker_id"]),
    ("BY", lambda event: escape(event["actor"])),
    ("DATA", lambda event: escape(", ".join(f"{key}: {value}" for key, value in event["data"].items()))[:200]),
)


def fleet(*, output: Output = "table") -> None:
    """Counts, cost, and what needs somebody now."""
    found = Client().get("/api/v1/fleet")
    if output not in ("table", "wide"):
        show([found], form=output, columns=(), single=True)
        return
    from rich import print as rich_print  # noqa: PLC0415 - as in output.py

    workers = found["workers"]
    rich_print(f"{workers['total']} workers: {_counts(workers['by_status'])}")
    rich_print(f"health: {_counts(workers['by_health'])}")
    rich_print(
        f"labs: {found['labs']['running']} of {found['labs']['total']} running, {found['nodes_running']} nodes"
    )
    idle = words.money(found["idle_cost_per_hour_usd"])
    rich_print(f"cost: ${words.money(found['cost_per_hour_usd'])} an hour at list price, ${idle} of it idle")
    for region in found["regions"]:
        if region["outcome"] == "error":
            rich_print(
                f"[red]{region['account_id']} {region['region']}: {region['error_code']}[/] "
                f"{escape(region['detail'] or '')} (since {words.age(region['since']).removesuffix(' ago')})"
            )
    for item in found["attention"]:
        rich_print(f"[yellow]{item['reason']}[/]: {item['count']}")


def events(
    *,
    follow: Annotated[bool, Parameter(name=["-f", "--follow"], negative=(), help="Go on as events happen.")] = False,
    worker: Annotated[str | None, Parameter(name="--worker", help="Only of this worker.")] = None,
    limit: Annotated[int, Parameter(name="--limit", help="How many of the newest.")] = 50,
    of_audit: Annotated[
        bool, Parameter(name="--audit", negative=(), help="Who did, or tried, what: the audit trail.")
    ] = False,
    export: Annotated[
        bool, Parameter(name="--export", negative=(), help="With --audit: all of it as JSON lines, newest first.")
    ] = False,
    output: Output = "table",
) -> None:
    """What happened, the newest last."""
    if export and not of_audit:
        raise CommandFailed("--export goes with --audit", status=USAGE)
    client = Client()
    of_worker = [] if worker is None else [("worker_id", client.worker(worker)["id"])]
    if export:
        audit.export(client, of_worker)
        return
    path, columns = ("/api/v1/audit", audit.COLUMNS) if of_audit else ("/api/v1/events", _EVENT_COLUMNS)
    parameters = [("limit", str(limit)), *of_worker]
    seen: set[str] = set()
    while True:
        page = client.get(path, parameters)["items"]
        fresh = [event for event in reversed(page) if event["id"] not in seen]
        seen |= {event["id"] for event in fresh}
        if fresh or not follow:
            show(fresh, form=output, columns=columns)
            sys.stdout.flush()
        if not follow:
            return
        time.sleep(FOLLOW_SECONDS)


@labs.command(name="list")
def list_labs(
    *,
    worker: Annotated[str | None, Parameter(name="--worker", help="Only of this worker.")] = None,
    q: Annotated[str | None, Parameter(name=["-q", "--query"], help="Free text.")] = None,
    state: Annotated[str | None, Parameter(name="--state", help="CML's state, such as STARTED.")] = None,
    output: Output = "table",
) -> None:
    """Labs of one worker or of all."""
    client = Client()
    given = [(name, value) for name, value in {"q": q, "state": state}.items() if value]
    path = "/api/v1/labs" if worker is None else f"/api/v1/workers/{client.worker(worker)['id']}/labs"
    show(list(client.everything(path, given)), form=output, columns=_LAB_COLUMNS)


@labs.command(name="get")
def get_lab(lab: str, *, output: Output = "table") -> None:
    """One lab, by its id or unique title."""
    found = [
        entry for entry in Client().everything("/api/v1/labs", [("q", lab)]) if lab in (entry["id"], entry["title"])
    ]
    if len(found) != 1:
        raise CommandFailed(f"{len(found) or 'no'} labs are called {lab!r}", status=NOT_FOUND)
    show(found, form=output, columns=_LAB_COLUMNS, single=True)


@license_.command(name="show")
def show_license(worker: str, *, output: Output = "table") -> None:
    """A worker's licence as last read."""
    client = Client()
    found = client.get(f"/api/v1/workers/{client.worker(worker)['id']}/license")
    if output not in ("table", "wide"):
        show([found], form=output, columns=(), single=True)
        return
    known: dict[str, Any] = found["license"] or {}
    show(
        [found],
        form="table",
        columns=(
            ("REGISTRATION", lambda _: str(known.get("status") or words.UNKNOWN)),
            ("AUTHORIZATION", lambda _: str(known.get("authorization") or words.UNKNOWN)),
            ("PRODUCT", lambda _: str(known.get("product") or words.UNKNOWN)),
            ("EXPIRES", lambda _: str(known.get("expires_at") or words.UNKNOWN)),
            ("NODES", lambda entry: str(entry["nodes_limit"] or words.UNKNOWN)),
            ("REASON", lambda entry: str(entry["reason"] or "")),
        ),
    )


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
