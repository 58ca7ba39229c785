"""The stores of the configured database."""

from cmlfleet.application.clock import Clock, utc_now
from cmlfleet.persistence.storage import Storage
from cmlfleet.settings import Settings


def open_storage(settings: Settings, clock: Clock = utc_now) -> Storage:
    """Not connected yet: the first statement connects."""
    return Storage(url=settings.database_url, data_dir=settings.data_dir, secret_key=settings.secret_key, clock=clock)
