"""Sending a message to the application where its database is, without a running service."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cmlfleet.cli.configuration import configured
from cmlfleet.cli.exit_codes import FAILED, NOT_FOUND, USAGE, CommandFailed, without_storage

if TYPE_CHECKING:
    from cmlfleet.application.mediator import Message

T = TypeVar("T")


def send(config: Path | None, message: "Message[T]") -> T:
    """What the application answers, through the same pipeline as over HTTP. Raises CommandFailed."""
    settings = configured(config)
    from cmlfleet.application import errors  # noqa: PLC0415 - slow to import
    from cmlfleet.application.clock import utc_now  # noqa: PLC0415 - as above
    from cmlfleet.application.ports.storage import StorageUnavailable  # noqa: PLC0415 - as above
    from cmlfleet.composition.access import server_mediator, server_principal  # noqa: PLC0415 - as above
    from cmlfleet.composition.stores import open_storage  # noqa: PLC0415 - as above
    from cmlfleet.persistence.migrate import SchemaMismatch, upgrade  # noqa: PLC0415 - as above

    async def run() -> T:
        storage = open_storage(settings)
        try:
            await upgrade(storage.database)
            return await server_mediator(storage, utc_now).execute_async(message, server_principal())
        finally:
            await storage.close()

    try:
        return asyncio.run(run())
    except errors.ApplicationError as error:
        not_found, unusable = isinstance(error, errors.TokenNotFound), isinstance(error, errors.InvalidRequest)
        raise CommandFailed(str(error), status=NOT_FOUND if not_found else USAGE if unusable else FAILED) from None
    except StorageUnavailable as error:
        raise without_storage(error) from None
    except SchemaMismatch as error:
        raise CommandFailed(str(error)) from None
