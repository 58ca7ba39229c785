"""`GET /system/compute_hosts`, administrators only."""

from collections.abc import Sequence

import msgspec

from cmlfleet.domain.facts import CMLComputeHost


class CMLComputeHostDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One registered compute. Its nodes (a list up to 2.9, counts in 2.10) are taken from the statistics instead."""

    id: str
    hostname: str | None = None
    server_address: str | None = None
    admission_state: str | None = None
    is_connected: bool | None = None
    is_synced: bool | None = None

    def to_fact(self, *, controller_ids: frozenset[str]) -> CMLComputeHost:
        """The fact; which compute is the controller only the health answer says."""
        return CMLComputeHost(
            compute_id=self.id,
            hostname=self.hostname or self.id,
            is_controller=self.id in controller_ids,
            admission_state=self.admission_state,
            is_connected=self.is_connected,
            is_synced=self.is_synced,
            server_address=self.server_address,
        )


_decoder = msgspec.json.Decoder(list[CMLComputeHostDTO])


def decode_compute_hosts(body: bytes) -> Sequence[CMLComputeHostDTO]:
    """Raises `msgspec.DecodeError` for what is not a list of compute hosts."""
    return _decoder.decode(body)
