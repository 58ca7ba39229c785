"""Which CML credentials hold for a worker: its own before the fleet's."""

from typing import Protocol

from cmlfleet.application.ports.sources import CMLCredentials, CMLTarget
from cmlfleet.domain.identifiers import WorkerId


class OwnCredentials(Protocol):
    """Where workers' own credentials are kept."""

    async def get(self, worker_id: WorkerId) -> CMLCredentials | None: ...


class FleetCredentials:
    """Implements `CMLCredentialsProvider`."""

    def __init__(self, *, own: OwnCredentials, fleet: CMLCredentials | None) -> None:
        self._own = own
        self._fleet = fleet

    async def credentials_for(self, target: CMLTarget) -> CMLCredentials | None:
        """Raises StorageUnavailable."""
        if target.has_own_credentials and (own := await self._own.get(target.worker_id)) is not None:
            return own
        return self._fleet
