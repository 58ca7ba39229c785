"""`cmlfleet user …`: people who sign in with a password, made where the service's database is."""

import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from cmlfleet.cli import words
from cmlfleet.cli.exit_codes import NOT_FOUND, USAGE, CommandFailed
from cmlfleet.cli.layout import Column
from cmlfleet.cli.options import Config, Output
from cmlfleet.cli.output import FOR_PEOPLE, show
from cmlfleet.cli.server_message import send
from cmlfleet.cli.tokens import limit_of, limit_shown

if TYPE_CHECKING:
    from cmlfleet.application.queries.views import UserView

app = App(name="user", help="People who sign in with a password: create, list, disable, enable.")

_COLUMNS: tuple[Column, ...] = (
    Column("ID", lambda user: user["id"]),
    Column("NAME", lambda user: user["name"]),
    Column("ROLE", lambda user: user["role"]),
    Column("STATE", lambda user: "disabled" if user["disabled"] else "enabled"),
    Column("SIGNED IN", lambda user: words.age(user["last_signed_in_at"])),
    Column("ONLY", limit_shown, sentence=True),
)


@app.command
def create(
    name: str,
    *,
    role: Literal["viewer", "operator", "admin"],
    label: Annotated[list[str] | None, Parameter(name="--label", negative=())] = None,
    account: Annotated[list[str] | None, Parameter(name="--account", negative=())] = None,
    config: Config = None,
) -> None:
    """Make a user; the password is asked for, or read from standard input.

    Parameters
    ----------
    name
        What they sign in with.
    role
        viewer reads, operator also acts, admin also configures.
    label
        Only workers with this label, key=value. Several values of one key are alternatives.
    account
        Only workers of this AWS account.
    """
    from cmlfleet.application.commands.user_commands import CreateUserCommand  # noqa: PLC0415 - slow to import
    from cmlfleet.application.principal import Role  # noqa: PLC0415 - as above

    limit = limit_of(label, account)
    made = send(config, CreateUserCommand(name=name, role=Role(role), limit=limit, password=_new_password()))
    sys.stderr.write(f"{made.name} may sign in, role {role}, id {made.id}\n")


@app.command(name="list")
def list_users(*, config: Config = None, output: Output = "table") -> None:
    """Every user."""
    import msgspec  # noqa: PLC0415 - slow to import

    users = msgspec.json.decode(msgspec.json.encode(_users(config)))
    if not users and output in FOR_PEOPLE:
        sys.stderr.write("no users; make one with: cmlfleet user create --role viewer NAME\n")
        return
    show(users, form=output, columns=_COLUMNS, fields_of="application.queries.views:UserView")


@app.command
def disable(name: str, *, config: Config = None) -> None:
    """The user cannot sign in any more, and every session ends at once."""
    _update(config, name, disabled=True)


@app.command
def enable(name: str, *, config: Config = None) -> None:
    """The user may sign in again."""
    _update(config, name, disabled=False)


@app.command
def password(name: str, *, config: Config = None) -> None:
    """A new password, asked for or read from standard input; every session of the user ends."""
    _update(config, name, password=_new_password())


def _update(config: Path | None, name: str, *, disabled: bool | None = None, password: str | None = None) -> None:
    from cmlfleet.application.commands.user_commands import UpdateUserCommand  # noqa: PLC0415 - slow to import

    user = next((user for user in _users(config) if user.name.casefold() == name.casefold()), None)
    if user is None:
        raise CommandFailed(f"no user is called {name!r}", status=NOT_FOUND)
    send(config, UpdateUserCommand(user_id=user.id, disabled=disabled, password=password))
    sys.stderr.write("done\n")


def _users(config: Path | None) -> "list[UserView]":
    from cmlfleet.application.queries.list_users_query import ListUsersQuery  # noqa: PLC0415 - slow to import

    return list(send(config, ListUsersQuery()))


def _new_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass("New password: ")
    if getpass("Once more: ") != first:
        raise CommandFailed("the two are not the same", status=USAGE)
    return first
