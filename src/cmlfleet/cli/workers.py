"""`cmlfleet workers …`: the workers of the service at CMLFLEET_URL."""

import sys
from collections import Counter
from typing import Any

from cyclopts import App

from cmlfleet.cli.client import Client
from cmlfleet.cli.findings import print_findings
from cmlfleet.cli.layout import print_table, say
from cmlfleet.cli.options import Output
from cmlfleet.cli.output import FOR_PEOPLE, show, show_object
from cmlfleet.cli.refreshing import follow_operation
from cmlfleet.cli.selection import Account, Health, Label, Query, Region, Sort, Status, Where, check_region, selection
from cmlfleet.cli.worker_table import COLUMNS, SOURCES, WIDE, name_of

app = App(name="workers", help="List, refresh, watch, import and look after workers.")
_CARE = "cmlfleet.cli.worker_care"
app.command(f"{_CARE}:import_workers", name="import", help="Adopt EC2 instances as workers, by id or by tags.")
app.command(f"{_CARE}:forget", name="forget", help="Forget a worker's record; the instance lives on.")
app.command(f"{_CARE}:set_credentials", name="set-credentials", help="Give workers CML credentials of their own.")
app.command(f"{_CARE}:trust", name="trust", help="Compare a changed certificate with the pinned one, and accept it.")


@app.command(name="list")
def list_workers(
    *,
    output: Output = "table",
    region: Region = None,
    account: Account = None,
    status: Status = None,
    health: Health = None,
    label: Label = (),
    where: Where = (),
    q: Query = None,
    sort: Sort = "name",
) -> None:
    """Workers, what they are doing, and what is wrong."""
    chosen = selection(region=region, account=account, status=status, health=health, label=label, where=where, q=q)
    client = Client()
    found = list(client.everything("/api/v1/workers", [*chosen, ("sort", sort)]))
    if not found:
        check_region(client, region)
    if not found and output in FOR_PEOPLE:
        say("no workers match" if chosen else f"no workers{_way_to_some(client)}")
        return
    _show(found, output)


@app.command
def get(worker: str, *, output: Output = "table") -> None:
    """One worker, by id, instance id or unique name: its record, and when each source was read."""
    found = Client().worker(worker)
    show([found], form=output, columns=COLUMNS, wide=WIDE, single=True)
    if output in FOR_PEOPLE:
        sys.stdout.write("\n")
        print_table([{"name": name, **source} for name, source in found["sources"].items()], SOURCES)


@app.command
def refresh(
    *workers: str,
    output: Output = "table",
    region: Region = None,
    account: Account = None,
    status: Status = None,
    health: Health = None,
    label: str | None = None,
) -> None:
    """Read every source of one worker now, of several, or of all that are selected.

    Parameters
    ----------
    workers
        By id, instance id or unique name.
    label
        Only with this label: key=value, or key.
    """
    client = Client()
    if len(workers) == 1:
        worker = client.worker(workers[0])
        result = client.send("POST", f"/api/v1/workers/{worker['id']}/refresh")
        _show_result(result, output)
        return
    chosen = [client.worker(name) for name in workers]
    selected = selection(
        region=region, account=account, status=status, health=health, label=() if label is None else (label,)
    )
    check_region(client, region)
    body: dict[str, Any] = dict(selected)
    if chosen:
        body["worker_ids"] = [worker["id"] for worker in chosen]
    follow_operation(client, client.send("POST", "/api/v1/workers/refresh", body), output=output)


@app.command
def watch(
    *,
    region: Region = None,
    account: Account = None,
    status: Status = None,
    health: Health = None,
    label: Label = (),
    where: Where = (),
    q: Query = None,
    sort: Sort = "name",
) -> None:
    """The list, live. Ctrl-C ends it; without a terminal one table is printed."""
    chosen = selection(region=region, account=account, status=status, health=health, label=label, where=where, q=q)
    client = Client()
    check_region(client, region)
    if not sys.stdout.isatty():
        _show(list(client.everything("/api/v1/workers", [*chosen, ("sort", sort)])), "table")
        return
    from cmlfleet.cli.watching import watch_workers  # noqa: PLC0415 - slow to import

    watch_workers(client, [*chosen, ("sort", sort)])


@app.command
def diagnose(worker: str, *, output: Output = "table") -> None:
    """Why a worker does not answer: what was looked at, where the way ends, and the fix."""
    client = Client()
    found = client.send("POST", f"/api/v1/workers/{client.worker(worker)['id']}/diagnose")
    if output in ("csv", "name"):
        show(found["findings"], form=output, columns=())
    else:
        show_object(found, form=output, for_people=lambda diagnosis: print_findings(diagnosis["findings"]))


def _way_to_some(client: Client) -> str:
    me = client.get("/api/v1/me")
    if me["limit"] is not None:
        return f" that {me['name']} may see: an admin decides which"
    if me["role"] == "viewer":
        return ": an operator may import some"
    return "; adopt some with: cmlfleet workers import --region REGION --tag key=value (or instance ids)"


def _show(found: list[dict[str, Any]], output: Output) -> None:
    names = Counter(worker["name"] for worker in found)
    show(
        found,
        form=output,
        columns=COLUMNS,
        wide=WIDE,
        name=lambda worker: name_of(worker, names),
        fields_of="application.queries.views:WorkerView",
    )


def _show_result(result: dict[str, Any], output: Output) -> None:
    if output in ("json", "yaml"):
        show([result], form=output, columns=(), single=True)
        return
    show([result["worker"]], form=output, columns=COLUMNS, wide=WIDE)
    for name, source in result["sources"].items():
        said = " ".join(filter(None, (source["error_code"], source["reason"])))
        say(f"{name:10}  {source['outcome']:7}  {said}{' ' if said else ''}({source['duration_ms']:.0f} ms)")
    if result["events"]:
        names = ", ".join(name.removesuffix("DomainEvent") for name in result["events"])
        say(f"changed: {names}")
