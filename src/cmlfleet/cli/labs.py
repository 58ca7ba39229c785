"""`cmlfleet labs …`: labs of one worker or of all, as their controllers described them last."""

from typing import Annotated

from cyclopts import App, Parameter

from cmlfleet.cli import words
from cmlfleet.cli.client import Client
from cmlfleet.cli.exit_codes import NOT_FOUND, USAGE, CommandFailed
from cmlfleet.cli.layout import Column, say
from cmlfleet.cli.options import Output
from cmlfleet.cli.output import show

app = App(name="labs", help="Labs of the fleet.")

_COLUMNS: tuple[Column, ...] = (
    Column("TITLE", lambda lab: lab["title"]),
    Column("STATE", lambda lab: words.lab_state(lab["state"])),
    Column("NODES", lambda lab: words.of(lab["nodes_running"], lab["node_count"])),
    Column("OWNER", lambda lab: lab["owner"] or words.UNKNOWN, spare=2),
    Column("WORKER", lambda lab: lab["worker_name"]),
    Column("READ", lambda lab: words.age(lab["read_at"]), spare=3),
    Column("ID", lambda lab: lab["id"], spare=4),
)


@app.command(name="list")
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
    pages = list(client.pages(path, given))
    labs = [lab for page in pages for lab in page["items"]]
    show(labs, form=output, columns=_COLUMNS, fields_of="application.queries.views:LabView")
    reason, unread = pages[0]["reason"], pages[0]["unread"]
    if reason == "not_admin":
        say("only labs of the account itself are seen: it is not a CML administrator")
    elif reason is not None:
        say(f"its labs were not read: {reason}")
    elif worker is None and unread["total"]:
        named = [f"{entry['worker_name']} ({entry['reason']})" for entry in unread["workers"]]
        more = unread["total"] - len(named)
        whose = "1 worker" if unread["total"] == 1 else f"{unread['total']} workers"
        rest = f" and {more} more" if more else ""
        say(f"the labs of {whose} were not read, or not all: {', '.join(named)}{rest}")


@app.command
def get(lab: str, *, output: Output = "table") -> None:
    """One lab, by its id or unique title."""
    found = [
        entry for entry in Client().everything("/api/v1/labs", [("q", lab)]) if lab in (entry["id"], entry["title"])
    ]
    if not found:
        raise CommandFailed(f"no lab is called {lab!r}; `cmlfleet labs list` shows them", status=NOT_FOUND)
    if len(found) > 1:
        ids = ", ".join(f"{entry['id']} ({entry['worker_name']})" for entry in found)
        raise CommandFailed(f"several labs are called {lab!r}: {ids}", status=USAGE)
    show(found, form=output, columns=_COLUMNS, single=True)
