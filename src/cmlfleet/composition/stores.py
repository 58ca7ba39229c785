"""The stores of the configured database."""

from cmlfleet.application.clock import Clock, utc_now
from cmlfleet.persistence.secret_key import KEY_FILE, GivenKeys, KeyCommand, KeyFile, KeySource
from cmlfleet.persistence.storage import Storage
from cmlfleet.settings import Settings


def open_storage(settings: Settings, clock: Clock = utc_now) -> Storage:
    """Not connected yet: the first statement connects, and the first secret wants the key."""
    return Storage(url=settings.database_url, data_dir=settings.data_dir, keys=key_source(settings), clock=clock)


def key_source(settings: Settings) -> KeySource:
    """Where the secret key is; a file in the data directory where nothing else is said."""
    if settings.secret_key is not None:
        previous = () if settings.secret_key_previous is None else (settings.secret_key_previous,)
        return GivenKeys(settings.secret_key, *previous)
    if settings.secret_key_command is not None:
        return KeyCommand(settings.secret_key_command)
    if settings.secret_key_file is not None:
        return KeyFile(settings.secret_key_file)
    return KeyFile(settings.data_dir / KEY_FILE, make=True)
