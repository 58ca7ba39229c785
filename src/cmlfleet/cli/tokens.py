"""`cmlfleet token …`: API tokens, made where the service's database is."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from cyclopts import App, Parameter

from cmlfleet.cli.configuration import configured
from cmlfleet.cli.exit_codes import NOT_FOUND, USAGE, CommandFailed

app = App(name="token", help="API tokens.")

Config = Annotated[
    Path | None, Parameter(name="--config", help="The configuration file; ./cmlfleet.toml by default.")
]
T = TypeVar("T")


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
    from cmlfleet.application.clock import utc_now  # noqa: PLC0415 - slow to import
    from cmlfleet.application.commands import create_token_command as command  # noqa: PLC0415 - as above
    from cmlfleet.application.principal import SYSTEM, Role  # noqa: PLC0415 - as above
    from cmlfleet.application.team_limit import team_limit  # noqa: PLC0415 - as above

    for text in label or ():
        if not text.partition("=")[0] or "=" not in text:
            raise CommandFailed(f"--label {text!r}: a label is key=value", status=USAGE)
    limit = team_limit(labels=label or (), accounts=account or ())

    async def make(tokens: Any) -> command.CreatedToken:
        handler = command.CreateTokenCommandHandler(tokens=tokens, clock=utc_now)
        return await handler.handle_async(command.CreateTokenCommand(name=name, role=Role(role), limit=limit), SYSTEM)

    created = _with_tokens(config, make)
    sys.stdout.write(created.token + "\n")
    sys.stderr.write(f"role {role}, id {created.record.id}; it is not shown again\n")


@app.command(name="list")
def list_tokens(*, config: Config = None) -> None:
    """Every token, without its text."""
    for token in _with_tokens(config, lambda tokens: tokens.list()):
        limited = f"  only {token.limit}" if token.limit else ""
        expires = token.expires_at.isoformat() if token.expires_at else "never"
        sys.stdout.write(f"{token.id}  {token.role:8}  expires {expires}  {token.name}{limited}\n")


@app.command
def revoke(token_id: str, *, config: Config = None) -> None:
    """The token stops working at once."""
    if not _with_tokens(config, lambda tokens: tokens.revoke(token_id)):
        raise CommandFailed(f"no API token has the id {token_id!r}", status=NOT_FOUND)
    sys.stderr.write("revoked\n")


def _with_tokens(config: Path | None, work: Callable[[Any], Awaitable[T]]) -> T:
    settings = configured(config)
    from cmlfleet.application.ports.storage import StorageUnavailable  # noqa: PLC0415 - slow to import
    from cmlfleet.composition import open_storage  # noqa: PLC0415 - as above
    from cmlfleet.persistence.migrate import SchemaMismatch, upgrade  # noqa: PLC0415 - as above

    async def run() -> T:
        storage = open_storage(settings)
        try:
            await upgrade(storage.database)
            return await work(storage.tokens)
        finally:
            await storage.close()

    try:
        return asyncio.run(run())
    except (StorageUnavailable, SchemaMismatch) as error:
        raise CommandFailed(str(error)) from None
