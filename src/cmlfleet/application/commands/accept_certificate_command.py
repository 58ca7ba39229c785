"""A person has compared a changed certificate and accepts it."""

import re
from dataclasses import dataclass

from cmlfleet.application.clock import Clock
from cmlfleet.application.errors import CertificateNotPresented, InvalidRequest
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.sources import CMLSource
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.get_certificate_query import certificate_view
from cmlfleet.application.queries.views import CertificateView
from cmlfleet.application.services.worker_shelf import WorkerShelf
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.identifiers import WorkerId

_FINGERPRINT = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptCertificateCommand(Message[CertificateView]):
    """`fingerprint` must be the one that the endpoint presents: SHA-256, colons and case do not matter."""

    worker_id: WorkerId
    fingerprint: str


class AcceptCertificateCommandHandler:
    """Pins the presented certificate; one that the endpoint did not present cannot be accepted by mistake."""

    def __init__(self, *, shelf: WorkerShelf, cml: CMLSource, clock: Clock) -> None:
        self._shelf = shelf
        self._cml = cml
        self._clock = clock

    async def handle_async(self, message: AcceptCertificateCommand, principal: Principal) -> CertificateView:
        """Raises WorkerNotFound, InvalidRequest, CertificateNotPresented and StorageUnavailable."""
        cause = Cause(actor=principal.name, command=AcceptCertificateCommand.__name__)
        fingerprint = message.fingerprint.replace(":", "").strip().lower()
        if _FINGERPRINT.fullmatch(fingerprint) is None:
            raise InvalidRequest("a fingerprint is 64 hexadecimal digits, with or without colons: SHA-256")
        presented = (await self._shelf.take(message.worker_id, cause=cause)).state.certificate_presented
        if fingerprint != presented:
            raise CertificateNotPresented(presented, fingerprint)
        now = self._clock()
        worker = await self._shelf.change(
            message.worker_id,
            cause=cause,
            apply=lambda worker: worker.accept_certificate(fingerprint, at=now),
        )
        await self._cml.forget(message.worker_id)
        return certificate_view(worker.state)
