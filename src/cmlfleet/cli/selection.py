"""Which workers: the filters of `GET /api/v1/workers` as options."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import parse_qsl

from cyclopts import Parameter

from cmlfleet.cli.client import Client
from cmlfleet.cli.exit_codes import USAGE, CommandFailed

Region = Annotated[str | None, Parameter(name="--region", help="Only this region.")]
Account = Annotated[str | None, Parameter(name="--account", help="Only this AWS account.")]
Status = Annotated[str | None, Parameter(name="--status", help="Only this EC2 state; several with commas.")]
Health = Annotated[str | None, Parameter(name="--health", help="Only this health; several with commas.")]
Label = Annotated[
    Sequence[str], Parameter(name="--label", negative=(), help="Only with this label: key=value, or key.")
]
Where = Annotated[
    Sequence[str],
    Parameter(name="--where", negative=(), help="Only where a figure is so: cpu_utilization.gt=80."),
]
Query = Annotated[str | None, Parameter(name=["-q", "--query"], help="Free text.")]
Sort = Annotated[str, Parameter(name="--sort", allow_leading_hyphen=True, help="A field; - in front for descending.")]

Parameters = list[tuple[str, str]]

_OPTION_OF = {"account_id": "--account", "q": "--query", "sort": "--sort"}
_OPTIONS = ("region", "status", "health", "label")


def selection(  # a name for each filter that the API has
    *,
    region: str | None = None,
    account: str | None = None,
    status: str | None = None,
    health: str | None = None,
    label: Sequence[str] = (),
    where: Sequence[str] = (),
    q: str | None = None,
) -> Parameters:
    """The query parameters. Raises CommandFailed for a `--where` without a value."""
    given = {"region": region, "account_id": account, "status": status, "health": health, "q": q}
    found = [(name, value) for name, value in given.items() if value]
    found += [("label", text) for text in label]
    for text in where:
        figure, equals, value = text.partition("=")
        if not equals or "." not in figure:
            raise CommandFailed(
                f"--where {text!r}: give FIELD.OPERATOR=VALUE, such as cpu_utilization.gt=80", status=USAGE
            )
        found.append((figure, value))
    return found


def known_regions(client: Client) -> list[str]:
    """Those that are read, and those of workers."""
    fleet = client.get("/api/v1/fleet")
    return sorted({*fleet["by_region"], *(entry["region"] for entry in fleet["regions"])})


def check_region(client: Client, region: str | None) -> None:
    """Raises CommandFailed for a region that is neither configured nor has workers, naming those there are."""
    if not region:
        return
    known = known_regions(client)
    for name in region.split(","):
        if known and name not in known:
            raise CommandFailed(f"the region {name!r} is not known; known: {', '.join(known)}", status=USAGE)


def as_options(query: str) -> str:
    """A query of the API (`health=degraded&region=us-east-1`) as options of `cmlfleet workers list`."""
    options: list[str] = []
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in _OPTIONS:
            options += [f"--{name}", value]
        elif name in _OPTION_OF:
            options += [_OPTION_OF[name], value]
        else:
            options += ["--where", f"{name}={value}"]
    from shlex import join  # noqa: PLC0415 - only here

    return join(options)
