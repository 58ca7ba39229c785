"""`GET /system/maintenance_mode`, readable without signing in."""

import msgspec


class CMLNoticeDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    label: str | None = None
    content: str | None = None


class CMLMaintenanceDTO(msgspec.Struct, frozen=True, kw_only=True):
    """Whether maintenance is on, with the notice that was put up for it."""

    maintenance_mode: bool | None = None
    resolved_notice: CMLNoticeDTO | None = None

    @property
    def notice_text(self) -> str | None:
        """What the notice says, else its label."""
        if self.resolved_notice is None:
            return None
        return self.resolved_notice.content or self.resolved_notice.label


_decoder = msgspec.json.Decoder(CMLMaintenanceDTO)


def decode_maintenance(body: bytes) -> CMLMaintenanceDTO:
    """Raises `msgspec.DecodeError` for what is not a maintenance answer."""
    return _decoder.decode(body)
