"""`cmlfleet workers …`: the workers of the service at CMLFLEET_URL."""

import sys
import time
from collections.abc import Sequence
from getpass import getpass
from typing import Annotated, Any

from cyclopts import App, Parameter

from cmlfleet.cli.client import Client
from cmlfleet.cli.exit_codes import FAILED, SOME_FAILED, USAGE, CommandFailed
from cmlfleet.cli.findings import print_findings
from cmlfleet.cli.output import Form, show, table
from cmlfleet.cli.worker_table import COLUMNS, WIDE

app = App(name="workers", help="List, refresh, watch, import and look after workers.")

Output = Annotated[Form, Parameter(name=["-o", "--output"], help="How to print.")]
Region = Annotated[str | None, Parameter(name="--region", help="Only this region.")]
Status = Annotated[str | None, Parameter(name="--status", help="Only this EC2 state.")]
Label = Annotated[str | None, Parameter(name="--label", help="Only with this label: key=value, or key.")]
Yes = Annotated[bool, Parameter(name="--yes", negative=(), help="Do not ask.")]

POLL_SECONDS = 0.3
WATCH_SECONDS = 1.0


def _selection(
    region: str | None, status: str | None, label: str | None, q: str | None = None
) -> list[tuple[str, str]]:
    given = {"region": region, "status": status, "label": label, "q": q}
    return [(name, value) for name, value in given.items() if value]


@app.command(name="list")
def list_workers(
    *,
    output: Output = "table",
    region: Region = None,
    status: Status = None,
    label: Label = None,
    q: Annotated[str | None, Parameter(name=["-q", "--query"], help="Free text.")] = None,
    sort: Annotated[str, Parameter(name="--sort", help="A field; - in front for descending.")] = "name",
) -> None:
    """Workers, what they are doing, and what is wrong."""
    found = list(Client().everything("/api/v1/workers", [*_selection(region, status, label, q), ("sort", sort)]))
    if not found and output in ("table", "wide"):
        sys.stderr.write(
            "no workers; adopt some with: cmlfleet workers import --region REGION --tag key=value (or instance ids)\n"
        )
        return
    show(found, form=output, columns=COLUMNS, wide=WIDE)


@app.command
def get(worker: str, *, output: Output = "table") -> None:
    """One worker, by id, instance id or unique name."""
    show([Client().worker(worker)], form=output, columns=COLUMNS, wide=WIDE, single=True)


@app.command
def refresh(
    *workers: str, output: Output = "table", region: Region = None, status: Status = None, label: Label = None
) -> None:
    """Read every source of one worker now, of several, or of all that are selected."""
    client = Client()
    if len(workers) == 1:
        worker = client.worker(workers[0])
        result = client.send("POST", f"/api/v1/workers/{worker['id']}/refresh")
        _show_result(result, output)
        return
    body: dict[str, Any] = dict(_selection(region, status, label))
    if workers:
        body = {"worker_ids": [client.worker(name)["id"] for name in workers]}
    _follow(client, client.send("POST", "/api/v1/workers/refresh", body))


@app.command
def watch(*, region: Region = None, status: Status = None, label: Label = None) -> None:
    """The list, live. Ctrl-C ends it; without a terminal one table is printed."""
    client = Client()
    selection = [*_selection(region, status, label), ("sort", "name")]
    if not sys.stdout.isatty():
        show(list(client.everything("/api/v1/workers", selection)), form="table", columns=COLUMNS)
        return
    from rich.live import Live  # noqa: PLC0415 - only here

    with Live(auto_refresh=False, screen=True) as live:
        while True:
            live.update(table(list(client.everything("/api/v1/workers", selection)), columns=COLUMNS), refresh=True)
            time.sleep(WATCH_SECONDS)


@app.command(name="import")
def import_workers(
    *instance_ids: str,
    region: Annotated[str, Parameter(name="--region", help="Where the instances are.")],
    account: Annotated[str | None, Parameter(name="--account", help="A configured account's id.")] = None,
    tag: Annotated[Sequence[str], Parameter(name="--tag", help="key=value; all given tags must match.")] = (),
    dry_run: Annotated[
        bool, Parameter(name="--dry-run", negative=(), help="Only show what would be adopted.")
    ] = False,
    output: Output = "table",
) -> None:
    """Adopt EC2 instances as workers, by id or by tags."""
    tags: dict[str, str] = {}
    for entry in tag:
        key, equals, value = entry.partition("=")
        if not key or not equals:
            raise CommandFailed(f"--tag {entry!r}: give key=value", status=USAGE)
        tags[key] = value
    body = {"region": region, "instance_ids": list(instance_ids), "tags": tags, "dry_run": dry_run}
    if account is not None:
        body["account_id"] = account
    result = Client().send("POST", "/api/v1/workers/import", body)
    if output == "json":
        show([result], form="json", columns=(), single=True)
    else:
        show(result["imported"], form=output, columns=COLUMNS, wide=WIDE)
    verb = "would be imported" if dry_run else "imported"
    sys.stderr.write(f"{len(result['imported'])} {verb}, {len(result['already_known'])} known already\n")
    if result["not_found"]:
        sys.stderr.write(f"EC2 knows no such instance in {region}: {', '.join(result['not_found'])}\n")
        sys.exit(SOME_FAILED if result["imported"] or result["already_known"] else FAILED)


@app.command
def diagnose(worker: str, *, output: Output = "table") -> None:
    """Why a worker does not answer: what was looked at, where the way ends, and the fix."""
    client = Client()
    found = client.send("POST", f"/api/v1/workers/{client.worker(worker)['id']}/diagnose")
    if output in ("json", "yaml"):
        show([found], form=output, columns=(), single=True)
    elif output in ("table", "wide"):
        print_findings(found["findings"])
    else:
        show(found["findings"], form=output, columns=())


@app.command
def forget(worker: str, *, yes: Yes = False) -> None:
    """Forget a worker's record; the instance lives on and is adopted again only by an explicit import."""
    client = Client()
    found = client.worker(worker)
    _confirm(f"Forget {found['name']} ({found['instance_id']})?", yes=yes)
    client.send("DELETE", f"/api/v1/workers/{found['id']}")
    sys.stderr.write(f"forgot {found['name']}\n")


@app.command(name="set-credentials")
def set_credentials(
    *workers: str,
    username: Annotated[str, Parameter(name="--username", help="The CML account.")] = "admin",
    label: Label = None,
) -> None:
    """Give workers CML credentials of their own. The password is asked for, or read from standard input."""
    client = Client()
    chosen = [client.worker(name) for name in workers]
    if label is not None:
        chosen += client.everything("/api/v1/workers", [("label", label)])
    if not chosen:
        raise CommandFailed("name workers, or give --label", status=USAGE)
    password = getpass(f"CML password of {username}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not password:
        raise CommandFailed("no password was given", status=USAGE)
    for worker in chosen:
        body = {"username": username, "password": password}
        client.send("PUT", f"/api/v1/workers/{worker['id']}/credentials", body)
        sys.stderr.write(f"{worker['name']}: credentials set\n")


@app.command
def trust(worker: str, *, fingerprint: str | None = None, yes: Yes = False) -> None:
    """Compare the certificate that a worker presents with the pinned one, and accept it."""
    client = Client()
    found = client.worker(worker)
    certificate = client.get(f"/api/v1/workers/{found['id']}/certificate")
    sys.stderr.write(f"pinned:    {certificate['pinned']}\npresented: {certificate['presented']}\n")
    if not certificate["changed"] and fingerprint is None:
        return
    if fingerprint is None:
        _confirm("Accept the presented certificate?", yes=yes)
    accepted = fingerprint or certificate["presented"]
    client.send("PUT", f"/api/v1/workers/{found['id']}/certificate", {"fingerprint": accepted})
    sys.stderr.write("accepted\n")


def _confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandFailed(f"{question} There is no terminal to ask: give --yes", status=USAGE)
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandFailed("nothing was done", status=FAILED)


def _show_result(result: dict[str, Any], output: Form) -> None:
    if output in ("json", "yaml"):
        show([result], form=output, columns=(), single=True)
        return
    show([result["worker"]], form=output, columns=COLUMNS, wide=WIDE)
    for name, source in result["sources"].items():
        said = source["error_code"] or ""
        reason = source["reason"] or ""
        sys.stderr.write(f"{name:11}{source['outcome']:8} {said} {reason} ({source['duration_ms']:.0f} ms)\n")


def _follow(client: Client, operation: dict[str, Any]) -> None:
    while operation["state"] in ("pending", "running"):
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{operation['done']} of {operation['total']} ")
            sys.stderr.flush()
        time.sleep(POLL_SECONDS)
        operation = client.get(f"/api/v1/operations/{operation['id']}")
    if sys.stderr.isatty():
        sys.stderr.write("\r")
    sys.stderr.write(f"{operation['done']} of {operation['total']} refreshed\n")
    failed = [item for item in operation["items"] if item["state"] == "failed"]
    for item in operation["items"]:
        if item["detail"]:
            sys.stderr.write(f"{item['worker_id']}: {item['detail']}\n")
    if failed:
        sys.exit(SOME_FAILED if len(failed) < operation["total"] else FAILED)
