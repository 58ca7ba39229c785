"""`cmlfleet license …`: licences of workers, as CML told them last."""

from typing import Any

from cyclopts import App

from cmlfleet.cli import words
from cmlfleet.cli.client import Client
from cmlfleet.cli.layout import Column, print_table
from cmlfleet.cli.options import Output
from cmlfleet.cli.output import show_object

app = App(name="license", help="Licences of workers.")


def _known(found: dict[str, Any], field: str) -> str | None:
    return None if found["license"] is None else found["license"][field]


_COLUMNS: tuple[Column, ...] = (
    Column("LICENSED", lambda found: words.truth(found["is_licensed"])),
    Column("REGISTRATION", lambda found: _known(found, "status") or words.UNKNOWN),
    Column("AUTHORIZATION", lambda found: _known(found, "authorization") or words.UNKNOWN),
    Column("PRODUCT", lambda found: _known(found, "product") or words.UNKNOWN),
    Column("EXPIRES", lambda found: words.moment(_known(found, "expires_at"))),
    Column("NODES", lambda found: str(found["nodes_limit"] or words.UNKNOWN)),
    Column("READ", lambda found: words.age(found["read_at"])),
    Column("WHY", lambda found: found["reason"] or "", sentence=True),
)


@app.command
def show(worker: str, *, output: Output = "table") -> None:
    """A worker's licence as last read."""
    client = Client()
    found = client.get(f"/api/v1/workers/{client.worker(worker)['id']}/license")
    show_object(found, form=output, for_people=lambda license_: print_table([license_], _COLUMNS))
