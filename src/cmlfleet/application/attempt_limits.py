"""How many attempts to sign in are taken, and which addresses count as one."""

from collections.abc import Mapping
from ipaddress import IPv6Address, IPv6Network, ip_address

from cmlfleet.application.errors import TooManyAttempts
from cmlfleet.application.ports.users import AttemptLimit, Attempts

OF_AN_ADDRESS = AttemptLimit(most=20, one_more_every_seconds=30.0)
OF_AN_ACCOUNT = AttemptLimit(most=20, one_more_every_seconds=60.0)
OF_A_DEVICE = AttemptLimit(most=10, one_more_every_seconds=60.0)
AT_A_PROVIDER = AttemptLimit(most=60, one_more_every_seconds=5.0)  # begun by OpenID: a course signs in all at once

_OF_ONE_SENDER_BITS = 64  # whoever has an IPv6 address has its whole /64, and could take another for each attempt


def counted_as(address: str | None) -> str:
    """An IPv4 address, however it is written, or the /64 network of an IPv6 address."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Network((int(parsed), _OF_ONE_SENDER_BITS), strict=False))


async def take_attempt(attempts: Attempts, limits: Mapping[str, AttemptLimit]) -> None:
    """Count one for each key. Raises TooManyAttempts where one has none left, and StorageUnavailable."""
    wait_seconds = await attempts.take(limits)
    if wait_seconds is not None:
        raise TooManyAttempts(wait_seconds)
