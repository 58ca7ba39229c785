"""`cmlfleet token …`: API tokens, made where the service's database is."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from cmlfleet.cli.exit_codes import USAGE, CommandFailed
from cmlfleet.cli.server_message import send

if TYPE_CHECKING:
    from cmlfleet.application.team_limit import TeamLimit

app = App(name="token", help="API tokens.")

Config = Annotated[
    Path | None, Parameter(name="--config", help="The configuration file; ./cmlfleet.toml by default.")
]


@app.command
def create(
    *,
    role: Literal["viewer", "operator", "admin"],
    name: str,
    label: Annotated[list[str] | None, Parameter(name="--label", negative=())] = None,
    account: Annotated[list[str] | None, Parameter(name="--account", negative=())] = None,
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
    """
    from cmlfleet.application.commands.create_token_command import CreateTokenCommand  # noqa: PLC0415 - slow to import
    from cmlfleet.application.principal import Role  # noqa: PLC0415 - as above

    limit = limit_of(label, account)
    created = send(config, CreateTokenCommand(name=name, role=Role(role), limit=limit))
    sys.stdout.write(created.token + "\n")
    sys.stderr.write(f"role {role}, id {created.record.id}; it is not shown again\n")


@app.command(name="list")
def list_tokens(*, config: Config = None) -> None:
    """Every token, without its text."""
    from cmlfleet.application.queries.list_tokens_query import ListTokensQuery  # noqa: PLC0415 - slow to import

    for token in send(config, ListTokensQuery()):
        limited = f"  only {token.limit}" if token.limit else ""
        expires = token.expires_at.isoformat() if token.expires_at else "never"
        sys.stdout.write(f"{token.id}  {token.role:8}  expires {expires}  {token.name}{limited}\n")


@app.command
def revoke(token_id: str, *, config: Config = None) -> None:
    """The token stops working at once."""
    from cmlfleet.application.commands.create_token_command import RevokeTokenCommand  # noqa: PLC0415 - slow to import

    send(config, RevokeTokenCommand(token_id=token_id))
    sys.stderr.write("revoked\n")


def limit_of(labels: list[str] | None, accounts: list[str] | None) -> "TeamLimit | None":
    """What `--label` and `--account` say. Raises CommandFailed."""
    from cmlfleet.application.team_limit import team_limit  # noqa: PLC0415 - slow to import

    for text in labels or ():
        if "=" not in text or text.startswith("="):
            raise CommandFailed(f"--label {text!r}: a label is key=value", status=USAGE)
    return team_limit(labels=labels or (), accounts=accounts or ())
