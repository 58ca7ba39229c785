"""`GET /system_information`."""

from collections.abc import Mapping
from typing import Any

import msgspec

from cmlfleet.domain.facts import CMLSystemInformation


class CMLSystemInfoDTO(msgspec.Struct, frozen=True, kw_only=True):
    """Version and readiness; the other keys differ by version and are kept raw.

    No known version has `uptime`. Its type is open so that a version that brings one in another form stays readable.
    """

    version: str
    ready: bool | None = None
    uptime: Any = None

    def to_fact(self, *, raw: Mapping[str, Any]) -> CMLSystemInformation:
        """The fact, with `raw`, the whole object as it came. Raises `ValueError` without a version."""
        if not self.version:
            raise ValueError("the version is empty")
        return CMLSystemInformation(
            version=self.version, ready=self.ready is True, raw=raw, uptime_seconds=self._uptime_seconds()
        )

    def _uptime_seconds(self) -> int | None:
        if isinstance(self.uptime, bool) or not isinstance(self.uptime, int | float) or self.uptime < 0:
            return None
        return int(self.uptime)


_typed = msgspec.json.Decoder(CMLSystemInfoDTO)
_untyped = msgspec.json.Decoder(dict[str, Any])


def decode_system_information(body: bytes) -> CMLSystemInformation:
    """Raises `msgspec.DecodeError` or `ValueError` for what is not system information."""
    return _typed.decode(body).to_fact(raw=_untyped.decode(body))
