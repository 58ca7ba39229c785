"""The opaque NextToken: two numbers that say where the next page begins."""

import base64
import binascii

from cmlfleet.simulator.cloud.errors import AwsError


def encode(position: int, offset: int = 0) -> str:
    return base64.urlsafe_b64encode(f"{position}:{offset}".encode()).decode()


def decode(token: str | None) -> tuple[int, int]:
    """The beginning without a token. Raises `AwsError` InvalidNextToken."""
    if not token:
        return 0, 0
    try:
        position, _, offset = base64.urlsafe_b64decode(token).decode().partition(":")
        return int(position), int(offset)
    except (binascii.Error, ValueError):
        raise AwsError("InvalidNextToken", "The specified NextToken is not valid") from None
