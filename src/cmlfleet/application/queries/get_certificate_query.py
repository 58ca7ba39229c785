"""The certificate that a worker's endpoint presents, beside the one that is pinned."""

from dataclasses import dataclass

from cmlfleet.application.errors import WorkerNotFound
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.reading import FleetReader
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.views import CertificateView
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import WorkerId


@dataclass(frozen=True, slots=True)
class GetCertificateQuery(Message[CertificateView]):
    """By the worker's id."""

    worker_id: WorkerId


def certificate_view(state: CMLWorkerState) -> CertificateView:
    """Both fingerprints side by side."""
    presented, pinned = state.certificate_presented, state.certificate_pinned
    return CertificateView(
        worker_id=state.id,
        pinned=pinned,
        pinned_at=state.certificate_pinned_at,
        presented=presented,
        changed=pinned is not None and presented is not None and presented != pinned,
    )


class GetCertificateQueryHandler:
    """Raises WorkerNotFound and StorageUnavailable."""

    def __init__(self, *, reader: FleetReader) -> None:
        self._reader = reader

    async def handle_async(self, message: GetCertificateQuery, principal: Principal) -> CertificateView:
        """As of the last reading."""
        state = await self._reader.get_state(message.worker_id)
        if state is None:
            raise WorkerNotFound(message.worker_id)
        return certificate_view(state)
