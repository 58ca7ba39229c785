"""What `cmlfleet doctor` says of secrets."""

import asyncio

from cmlfleet.domain.finding import Finding, failed, ok, warning
from cmlfleet.persistence.key_in_force import KeyStanding
from cmlfleet.persistence.storage import Storage

_ABOUT = "secret key"


async def secret_key(storage: Storage) -> Finding:
    """Whether every stored secret can be read, and is under the key in force. Raises StorageUnavailable."""
    standing = await KeyStanding.of(storage.database, await asyncio.to_thread(storage.keys.load))
    if standing.unreadable:
        return failed(
            _ABOUT,
            f"{standing.unreadable} stored secrets are under keys that were not given: {', '.join(standing.unknown)}",
            fix="give those keys too, then run `cmlfleet secrets rotate`; or set the credentials again",
        )
    if not standing.first_is_in_force or standing.under_earlier_keys:
        return warning(
            _ABOUT,
            f"a rotation to {standing.first} is not finished: {standing.under_earlier_keys} secrets are left",
            fix="run: cmlfleet secrets rotate",
        )
    return ok(_ABOUT, f"{standing.first}, for all stored secrets")
