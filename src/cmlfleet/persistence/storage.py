"""All of persistence, opened and closed together."""

import os
from pathlib import Path

from cmlfleet.application.clock import Clock
from cmlfleet.application.ports.storage import DataDirectoryUnusable
from cmlfleet.persistence.attempts import SqlAttempts
from cmlfleet.persistence.audit import SqlAuditTrail
from cmlfleet.persistence.credentials import SqlCredentialsStore
from cmlfleet.persistence.database import Database
from cmlfleet.persistence.fleet_reader import SqlFleetReader
from cmlfleet.persistence.installation import SqlInstallation
from cmlfleet.persistence.openid_attempts import SqlOpenIDAttempts
from cmlfleet.persistence.operations import SqlOperationStore
from cmlfleet.persistence.outbox import SqlOutbox
from cmlfleet.persistence.retention import Retention
from cmlfleet.persistence.sealing import Sealer
from cmlfleet.persistence.secret_key import KeySource
from cmlfleet.persistence.sessions import SqlSessionStore
from cmlfleet.persistence.tokens import SqlTokenStore
from cmlfleet.persistence.users import SqlUserStore
from cmlfleet.persistence.workers import SqlWorkerStore


class Storage:
    """The stores over one database. The data directory and what is in it are for their owner alone.

    Raises DataDirectoryUnusable.
    """

    def __init__(self, *, url: str, data_dir: Path, keys: KeySource, clock: Clock) -> None:
        if url.startswith("sqlite"):
            try:
                data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
                _private_file(Path(url.partition(":///")[2]))
            except OSError as error:
                raise DataDirectoryUnusable(
                    f"the data directory {data_dir} cannot be used: {_why(error)}; let data_dir or CMLFLEET_DATA_DIR "
                    "name a directory that can be written to"
                ) from error
        self.database = Database(url)
        self.workers = SqlWorkerStore(self.database)
        self.outbox = SqlOutbox(self.database)
        self.reader = SqlFleetReader(self.database, clock=clock)
        self.keys = keys
        self.sealer = Sealer(keys)
        self.credentials = SqlCredentialsStore(self.database, sealer=self.sealer)
        self.tokens = SqlTokenStore(self.database)
        self.users = SqlUserStore(self.database)
        self.attempts = SqlAttempts(self.database, clock=clock)
        self.openid_attempts = SqlOpenIDAttempts(self.database)
        self.sessions = SqlSessionStore(self.database)
        self.operations = SqlOperationStore(self.database)
        self.audit = SqlAuditTrail(self.database)
        self.retention = Retention(self.database)
        self.installation = SqlInstallation(self.database)

    async def close(self) -> None:
        """Close every connection."""
        await self.database.close()


def _why(error: OSError) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename} is, or lies in, a file"
    return f"{error.strerror} ({error.filename})"


def _private_file(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
