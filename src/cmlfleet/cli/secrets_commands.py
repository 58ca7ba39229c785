"""`cmlfleet secrets …`: the key under which stored secrets are encrypted, where the service's database is."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cmlfleet.cli.configuration import configured
from cmlfleet.cli.exit_codes import SOME_FAILED, CommandFailed, without_storage
from cmlfleet.cli.options import Config

if TYPE_CHECKING:
    from cmlfleet.persistence.key_rotation import Rotation

app = App(name="secrets", help="The key of stored secrets.")


@app.command
def rotate(
    *, config: Config = None, lost_key: Annotated[bool, Parameter(name="--lost-key", negative=())] = False
) -> None:
    """Encrypt every stored secret under a new key. Cut short, it goes on where it was; the service may run meanwhile.

    Parameters
    ----------
    lost_key
        Go on although the key in force so far is lost: what it encrypted has to be set again.
    """
    settings = configured(config)
    from cmlfleet.application.ports.storage import StorageUnavailable  # noqa: PLC0415 - slow to import
    from cmlfleet.composition import open_storage  # noqa: PLC0415 - as above
    from cmlfleet.persistence.key_rotation import KeyRotation  # noqa: PLC0415 - as above
    from cmlfleet.persistence.migrate import SchemaMismatch, upgrade  # noqa: PLC0415 - as above

    async def run() -> "Rotation":
        storage = open_storage(settings)
        try:
            await upgrade(storage.database)
            return await KeyRotation(storage.database, storage.keys, tell=_tell).run(lost_key=lost_key)
        finally:
            await storage.close()

    try:
        done = asyncio.run(run())
    except StorageUnavailable as error:
        raise without_storage(error) from None
    except SchemaMismatch as error:
        raise CommandFailed(str(error)) from None
    sys.stderr.write(f"the key {done.key_id} is in force; {done.sealed_anew} secrets were encrypted under it\n")
    if done.unreadable:
        sys.stderr.write(
            f"no key at hand decrypts the credentials of {', '.join(done.unreadable)}: set them again with "
            "`cmlfleet workers set-credentials`\n"
        )
        sys.exit(SOME_FAILED)


def _tell(done: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} ")
        sys.stderr.flush()
