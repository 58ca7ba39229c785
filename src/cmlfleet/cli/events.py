"""`cmlfleet events`: what happened, and what happens."""

import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from typing import Annotated, Any

from cyclopts import Parameter, validators

from cmlfleet.cli import audit, words
from cmlfleet.cli.client import Client
from cmlfleet.cli.exit_codes import FAILED, NOT_FOUND, USAGE, CommandFailed
from cmlfleet.cli.layout import Column, as_json, say
from cmlfleet.cli.options import Output
from cmlfleet.cli.output import FOR_PEOPLE, show

FOLLOW_SECONDS = 1.0
_PAGE = 100

Event = dict[str, Any]


def events(
    *,
    follow: Annotated[bool, Parameter(name=["-f", "--follow"], negative=(), help="Go on as events happen.")] = False,
    worker: Annotated[str | None, Parameter(name="--worker", help="Only of this worker.")] = None,
    kind: Annotated[str | None, Parameter(name="--type", help="Only this type or action; with commas.")] = None,
    actor: Annotated[str | None, Parameter(name="--actor", help="Only by this user, token or part.")] = None,
    limit: Annotated[
        int, Parameter(name="--limit", help="How many of the newest.", validator=validators.Number(gte=1))
    ] = 50,
    of_audit: Annotated[
        bool, Parameter(name="--audit", negative=(), help="Who did, or tried, what: the audit trail.")
    ] = False,
    export: Annotated[
        bool, Parameter(name="--export", negative=(), help="With --audit: all of it as JSON lines, newest first.")
    ] = False,
    output: Output = "table",
) -> None:
    """What happened, the newest last; --follow goes on. Then JSON is one event a line."""
    if export and not of_audit:
        raise CommandFailed("--export goes with --audit", status=USAGE)
    client = Client()
    given = {"action" if of_audit else "type": kind, "actor": actor}
    parameters = [(name, value) for name, value in given.items() if value]
    if worker is not None:
        parameters.append(("worker_id", client.worker(worker)["id"]))
    if export:
        audit.export(client, parameters)
        return
    history = _History(client, "/api/v1/audit" if of_audit else "/api/v1/events", parameters)
    columns = audit.COLUMNS if of_audit else _columns(client) if output in FOR_PEOPLE else ()
    fields_of = "application.ports.audit:AuditEntry" if of_audit else "application.queries.views:EventView"
    found = [*islice(history.newest_first(), limit)][::-1]
    if not follow:
        show(found, form=output, columns=columns, fields_of=fields_of)
        return
    _print_on(found, output, columns, is_first=True, fields_of=fields_of)
    for fresh in history.fresh(after=found[-1]["id"] if found else None):
        _print_on(fresh, output, columns, is_first=False, fields_of=fields_of)


class _History:
    """Events, or the audit trail's entries, as the API lists them."""

    def __init__(self, client: Client, path: str, parameters: list[tuple[str, str]]) -> None:
        self._client = client
        self._path = path
        self._parameters = parameters

    def newest_first(self) -> Iterator[Event]:
        """As many as are taken."""
        yield from self._client.everything(self._path, self._parameters, page=_PAGE)

    def fresh(self, *, after: str | None) -> Iterator[list[Event]]:
        """Batch after batch, the oldest first; a service that goes away is waited for, and nothing is left out."""
        was_away = False
        while True:
            time.sleep(FOLLOW_SECONDS)
            try:
                fresh = self._since(after)
            except CommandFailed as error:
                if error.status != FAILED:
                    raise
                if not was_away:
                    say(f"{error}\nwaiting for it")
                was_away = True
                continue
            was_away = False
            if fresh:
                after = fresh[-1]["id"]
                yield fresh

    def _since(self, after: str | None) -> list[Event]:
        return [*takewhile(lambda event: event["id"] != after, self.newest_first())][::-1]


def _print_on(
    found: Sequence[Event], output: Output, columns: Sequence[Column], *, is_first: bool, fields_of: str
) -> None:
    if output == "json":
        for event in found:
            sys.stdout.write(as_json(event) + "\n")
    else:
        show(found, form=output, columns=columns, header=is_first, fields_of=fields_of)
    sys.stdout.flush()


def _columns(client: Client) -> tuple[Column, ...]:
    names: dict[str, str] = {}

    def name_of(event: Event) -> str:
        worker_id = event["worker_id"]
        if worker_id not in names:
            try:
                names[worker_id] = client.get(f"/api/v1/workers/{worker_id}")["name"]
            except CommandFailed as error:
                if error.status != NOT_FOUND:
                    raise
                names[worker_id] = worker_id  # forgotten; its events stay
        return names[worker_id]

    return (
        Column("WHEN", lambda event: words.moment(event["occurred_at"]), least=len("2026-01-01 00:00:00Z")),
        Column("WHAT", lambda event: event["type"].removesuffix("DomainEvent"), least=24),
        Column("WORKER", name_of, least=20),
        Column("BY", lambda event: event["actor"], least=9, spare=1),
        Column("DATA", lambda event: words.change(event["data"]), sentence=True),
    )
