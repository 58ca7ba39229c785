"""`GET /diagnostics/startup_scheduler`, administrators only: which parts of CML have come up."""

from collections.abc import Mapping
from typing import Any

import msgspec

_decoder = msgspec.json.Decoder(dict[str, Any])


def decode_start_up_flags(body: bytes) -> Mapping[str, bool | None]:
    """Every flag by its name, also of versions to come; null is unknown. Raises `msgspec.DecodeError`."""
    return {name: flag for name, flag in _decoder.decode(body).items() if flag is None or isinstance(flag, bool)}
