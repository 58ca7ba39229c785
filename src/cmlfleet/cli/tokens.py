"""`cmlfleet token …`: API tokens, made where the service's database is."""

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from cmlfleet.cli import words
from cmlfleet.cli.exit_codes import NOT_FOUND, USAGE, CommandFailed
from cmlfleet.cli.layout import Column
from cmlfleet.cli.options import Config, Output
from cmlfleet.cli.output import FOR_PEOPLE, show
from cmlfleet.cli.server_message import send

if TYPE_CHECKING:
    from cmlfleet.application.team_limit import TeamLimit

app = App(name="token", help="Create, list and revoke API tokens.")


MOST_UNITS = 100_000
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def limit_shown(token: dict[str, Any]) -> str:
    """Of a token or a user; nothing for the whole fleet."""
    limit = token["limit"]
    return "" if limit is None else ", ".join((*limit["labels"], *limit["accounts"]))


_COLUMNS: tuple[Column, ...] = (
    Column("ID", lambda token: token["id"]),
    Column("NAME", lambda token: token["name"]),
    Column("ROLE", lambda token: token["role"]),
    Column("CREATED", lambda token: words.moment(token["created_at"])),
    Column("EXPIRES", lambda token: words.moment(token["expires_at"]) if token["expires_at"] else "never"),
    Column("USED", lambda token: words.age(token["last_used_at"])),
    Column("ONLY", limit_shown, sentence=True),
)


@app.command
def create(
    *,
    role: Literal["viewer", "operator", "admin"],
    name: str,
    label: Annotated[list[str] | None, Parameter(name="--label", negative=())] = None,
    account: Annotated[list[str] | None, Parameter(name="--account", negative=())] = None,
    expires: str | None = None,
    config: Config = None,
) -> None:
    """Print a new API token, once.

    Parameters
    ----------
    role
        viewer reads, operator also acts, admin also configures.
    name
        Whose it is, as shown with everything that it does.
    label
        Only workers with this label, key=value. Several values of one key are alternatives.
    account
        Only workers of this AWS account.
    expires
        After how long it stops working: 90d, 12h or 30m; never by default.
    """
    from cmlfleet.application.clock import utc_now  # noqa: PLC0415 - slow to import
    from cmlfleet.application.commands.create_token_command import CreateTokenCommand  # noqa: PLC0415 - as above
    from cmlfleet.application.principal import Role  # noqa: PLC0415 - as above

    message = CreateTokenCommand(
        name=name,
        role=Role(role),
        limit=limit_of(label, account),
        expires_at=None if expires is None else utc_now() + _span(expires),
    )
    created = send(config, message)
    sys.stdout.write(created.token + "\n")
    sys.stderr.write(f"role {role}, id {created.record.id}; it is not shown again\n")


@app.command(name="list")
def list_tokens(*, config: Config = None, output: Output = "table") -> None:
    """Every token, without its text."""
    import msgspec  # noqa: PLC0415 - slow to import

    from cmlfleet.application.queries.list_tokens_query import ListTokensQuery  # noqa: PLC0415 - as above

    tokens = msgspec.json.decode(msgspec.json.encode(send(config, ListTokensQuery())))
    if not tokens and output in FOR_PEOPLE:
        sys.stderr.write("no tokens; make one with: cmlfleet token create --role viewer --name NAME\n")
        return
    show(tokens, form=output, columns=_COLUMNS, fields_of="application.ports.storage:ApiToken")


@app.command
def revoke(token: str, *, config: Config = None) -> None:
    """The token stops working at once.

    Parameters
    ----------
    token
        Its id or its name, as `cmlfleet token list` shows them.
    """
    from cmlfleet.application.commands.create_token_command import RevokeTokenCommand  # noqa: PLC0415 - slow to import
    from cmlfleet.application.queries.list_tokens_query import ListTokensQuery  # noqa: PLC0415 - as above

    tokens = send(config, ListTokensQuery())
    found = [each for each in tokens if each.id == token] or [each for each in tokens if each.name == token]
    if not found:
        text = f"no API token has the id or the name {token!r}; cmlfleet token list shows them"
        raise CommandFailed(text, status=NOT_FOUND)
    if len(found) > 1:
        ids = ", ".join(each.id for each in found)
        raise CommandFailed(f"{len(found)} API tokens are called {token!r}: name one by its id, {ids}", status=USAGE)
    send(config, RevokeTokenCommand(token_id=found[0].id))
    sys.stderr.write(f"revoked {found[0].name} ({found[0].id})\n")


def _span(text: str) -> timedelta:
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is None or not (number.isascii() and number.isdigit() and 0 < int(number) < MOST_UNITS):
        raise CommandFailed(f"--expires {text!r}: a number and d, h or m, such as 90d", status=USAGE)
    return int(number) * unit


def limit_of(labels: list[str] | None, accounts: list[str] | None) -> "TeamLimit | None":
    """What `--label` and `--account` say. Raises CommandFailed."""
    from cmlfleet.application.team_limit import team_limit  # noqa: PLC0415 - slow to import

    for text in labels or ():
        if "=" not in text or text.startswith("="):
            raise CommandFailed(f"--label {text!r}: a label is key=value", status=USAGE)
    return team_limit(labels=labels or (), accounts=accounts or ())
