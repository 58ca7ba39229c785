"""How a command ended, for scripts."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cmlfleet.application.ports.storage import StorageUnavailable

DONE = 0
FAILED = 1
USAGE = 2
NOT_FOUND = 3
NOT_ALLOWED = 4
SOME_FAILED = 5


class CommandFailed(Exception):
    """Ends the command with a text for a person and a status for a script."""

    def __init__(self, text: str, *, status: int = FAILED) -> None:
        super().__init__(text)
        self.status = status


def without_storage(error: "StorageUnavailable") -> CommandFailed:
    """A data directory that cannot be used is a mistake of the configuration; a database may come back."""
    from cmlfleet.application.ports.storage import DataDirectoryUnusable  # noqa: PLC0415 - slow to import

    return CommandFailed(str(error), status=USAGE if isinstance(error, DataDirectoryUnusable) else FAILED)
