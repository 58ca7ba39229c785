"""Cursors: where the last page ended, as opaque text."""

import base64
import binascii
from datetime import datetime
from typing import Any

import msgspec

from cmlfleet.application.ports.reading import InvalidCriteria


def encode_cursor(sort: str, value: Any, last_id: str | int) -> str:
    """`value` is that of the sorted column in the last row."""
    plain = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, plain, last_id])).decode().rstrip("=")


def decode_cursor(cursor: str, *, sort: str) -> tuple[Any, Any]:
    """The value and id in it. Raises InvalidCriteria for one of another order, or none of ours."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found_sort, value, last_id = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, UnicodeError, RecursionError, msgspec.MsgspecError):
        raise InvalidCriteria("the cursor is not one of ours") from None
    if found_sort != sort:
        raise InvalidCriteria(f"the cursor belongs to the order {found_sort!r}, not {sort!r}")
    if not isinstance(last_id, str | int) or isinstance(last_id, bool):
        raise InvalidCriteria("the cursor is not one of ours")
    return value, last_id
