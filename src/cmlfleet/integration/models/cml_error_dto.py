"""The body of an error that the API itself made: `{"code", "description"}`."""

from typing import Any

import msgspec

_LONGEST_DESCRIPTION = 200  # characters; a detail is one sentence for a person


class CMLErrorDTO(msgspec.Struct, frozen=True, kw_only=True):
    """`description` is text, text that holds JSON, or an object, by version and cause."""

    description: Any = None


_decoder = msgspec.json.Decoder(CMLErrorDTO)


def error_description(body: bytes) -> str | None:
    """What the API says went wrong, shortened; None when the body is not the API's (an HTML page of nginx)."""
    try:
        description = _decoder.decode(body).description
    except (msgspec.DecodeError, RecursionError):
        return None
    if description is None:
        return None
    text = description if isinstance(description, str) else msgspec.json.encode(description).decode()
    return text[:_LONGEST_DESCRIPTION]
