"""`cmlfleet workers import`, `forget`, `set-credentials` and `trust`."""

import sys
import time
from collections.abc import Callable, Sequence
from getpass import getpass
from typing import Annotated, Any

from cyclopts import Parameter

from cmlfleet.cli.client import Client
from cmlfleet.cli.confirmation import confirm
from cmlfleet.cli.exit_codes import FAILED, SOME_FAILED, USAGE, CommandFailed
from cmlfleet.cli.layout import say
from cmlfleet.cli.options import Output, Yes
from cmlfleet.cli.output import FOR_PEOPLE, show
from cmlfleet.cli.progress import progress
from cmlfleet.cli.selection import Label, known_regions
from cmlfleet.cli.worker_table import COLUMNS, WIDE

POLL_SECONDS = 0.3
FIRST_READINGS_SECONDS = 60.0  # whoever waits longer has more to look at than this table


def import_workers(
    *instance_ids: str,
    region: Annotated[str | None, Parameter(name="--region", help="Where the instances are; needed.")] = None,
    account: Annotated[str | None, Parameter(name="--account", help="A configured account's id.")] = None,
    tag: Annotated[
        Sequence[str], Parameter(name="--tag", negative=(), help="key=value; all given tags must match.")
    ] = (),
    dry_run: Annotated[
        bool, Parameter(name="--dry-run", negative=(), help="Only show what would be adopted.")
    ] = False,
    output: Output = "table",
) -> None:
    """Adopt EC2 instances as workers, by id or by tags. On a terminal it waits for the first reading of each."""
    client = Client()
    if region is None:
        known = ", ".join(known_regions(client)) or "those of CMLFLEET_REGIONS"
        raise CommandFailed(f"say with --region where the instances are; known: {known}", status=USAGE)
    body: dict[str, Any] = {
        "region": region,
        "instance_ids": list(instance_ids),
        "tags": _tags(tag),
        "dry_run": dry_run,
    }
    if account is not None:
        body["account_id"] = account
    with progress("import") as advance:
        result = client.send("POST", "/api/v1/workers/import", body)
        if sys.stderr.isatty() and output in FOR_PEOPLE and not dry_run:
            result["imported"] = _read_first(client, result["imported"], advance)
    if output in ("json", "yaml"):
        show([result], form=output, columns=(), single=True)
    elif result["imported"] or output not in FOR_PEOPLE:
        fields_of = "application.queries.views:WorkerView"
        show(result["imported"], form=output, columns=COLUMNS, wide=WIDE, fields_of=fields_of)
    verb = "would be imported" if dry_run else "imported"
    sys.stderr.write(f"{len(result['imported'])} {verb}, {len(result['already_known'])} known already\n")
    if result["not_found"]:
        sys.stderr.write(f"EC2 knows no such instance in {region}: {', '.join(result['not_found'])}\n")
        sys.exit(SOME_FAILED if result["imported"] or result["already_known"] else FAILED)


def forget(worker: str, *, yes: Yes = False) -> None:
    """Forget a worker's record; the instance lives on and is adopted again only by an explicit import."""
    client = Client()
    found = client.worker(worker)
    confirm(f"Forget {found['name']} ({found['instance_id']})?", yes=yes)
    client.send("DELETE", f"/api/v1/workers/{found['id']}")
    say(f"forgot {found['name']}")


def set_credentials(
    *workers: str,
    username: Annotated[str, Parameter(name="--username", help="The CML account.")] = "admin",
    label: Label = (),
    token: Annotated[bool, Parameter(name="--token", negative=(), help="What is read is a CML token.")] = False,
    remove: Annotated[bool, Parameter(name="--remove", negative=(), help="Go back to the fleet's.")] = False,
    yes: Yes = False,
) -> None:
    """Give workers CML credentials of their own. The password is asked for, or read from standard input."""
    client = Client()
    chosen = [client.worker(name) for name in workers]
    if label:
        chosen += client.everything("/api/v1/workers", [("label", text) for text in label])
    if not chosen:
        raise CommandFailed(
            "name workers, or give --label" if not label else "no worker has this label", status=USAGE
        )
    if remove:
        confirm(f"Remove the credentials of {', '.join(worker['name'] for worker in chosen)}?", yes=yes)
        _each(chosen, lambda worker: client.send("DELETE", _credentials(worker)), done="credentials removed")
        return
    secret = _secret("CML token" if token else f"CML password of {username}")
    body = {"token": secret} if token else {"username": username, "password": secret}
    _each(chosen, lambda worker: client.send("PUT", _credentials(worker), body), done="credentials set")


def trust(
    worker: str,
    *,
    fingerprint: Annotated[str | None, Parameter(help="Accept this one without being asked: SHA-256.")] = None,
    yes: Yes = False,
) -> None:
    """Compare the certificate that a worker presents with the pinned one, and accept it."""
    client = Client()
    found = client.worker(worker)
    certificate = client.get(f"/api/v1/workers/{found['id']}/certificate")
    say(f"pinned:    {certificate['pinned'] or 'none yet'}\npresented: {certificate['presented'] or 'none yet'}")
    if fingerprint is None:
        if not certificate["changed"]:
            sys.stderr.write("there is nothing to accept\n")
            return
        confirm("Accept the presented certificate?", yes=yes)
    body = {"fingerprint": fingerprint or certificate["presented"]}
    client.send("PUT", f"/api/v1/workers/{found['id']}/certificate", body)
    sys.stderr.write("accepted\n")


def _tags(texts: Sequence[str]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise CommandFailed(f"--tag {text!r}: give key=value", status=USAGE)
        tags[key] = value
    return tags


def _read_first(
    client: Client, imported: list[dict[str, Any]], advance: Callable[[int, int], None]
) -> list[dict[str, Any]]:
    """The records as they are once each was read, or once that takes too long."""
    ends_at = time.monotonic() + FIRST_READINGS_SECONDS
    ids = {worker["id"] for worker in imported}
    while True:
        known = client.everything("/api/v1/workers", [("sort", "name")]) if ids else ()
        records = [worker for worker in known if worker["id"] in ids]
        read = sum(worker["last_refreshed_at"] is not None for worker in records)
        advance(read, len(ids))
        if read == len(ids) or time.monotonic() > ends_at:
            return records
        time.sleep(POLL_SECONDS)


def _secret(what: str) -> str:
    secret = getpass(f"{what}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not secret:
        raise CommandFailed(f"no {what} was given", status=USAGE)
    return secret


def _credentials(worker: dict[str, Any]) -> str:
    return f"/api/v1/workers/{worker['id']}/credentials"


def _each(workers: Sequence[dict[str, Any]], work: Callable[[dict[str, Any]], object], *, done: str) -> None:
    """One that fails stops no other; the exit status says how many did. Raises CommandFailed for a single one."""
    failures: list[CommandFailed] = []
    for worker in workers:
        try:
            work(worker)
            say(f"{worker['name']}: {done}")
        except CommandFailed as error:
            if len(workers) == 1:
                raise
            failures.append(error)
            say(f"{worker['name']}: {error}")
    if failures:
        sys.exit(SOME_FAILED if len(failures) < len(workers) else failures[0].status)
