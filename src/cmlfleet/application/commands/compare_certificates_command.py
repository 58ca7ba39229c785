"""Finding workers that present one and the same certificate: clones of an image that was not prepared for it."""

from dataclasses import dataclass

from cmlfleet.application.clock import Clock
from cmlfleet.application.errors import WorkerNotFound
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.storage import WorkerStore
from cmlfleet.application.principal import Principal
from cmlfleet.application.services.worker_shelf import WorkerShelf
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.entities.cml_worker import CMLWorker


@dataclass(frozen=True, slots=True)
class CompareCertificatesCommand(Message[int]):
    """Answers how many records had to be changed."""


class CompareCertificatesCommandHandler:
    """The database compares; only workers whose standing changed are loaded."""

    def __init__(self, *, workers: WorkerStore, shelf: WorkerShelf, clock: Clock) -> None:
        self._workers = workers
        self._shelf = shelf
        self._clock = clock

    async def handle_async(self, message: CompareCertificatesCommand, principal: Principal) -> int:
        """Raises StorageUnavailable."""
        del message
        cause = Cause(actor=principal.name, command=CompareCertificatesCommand.__name__)
        to_note = await self._workers.certificate_sharing_to_note()
        for worker_id, others in to_note.items():
            now = self._clock()

            def note(worker: CMLWorker, others: int = others) -> None:
                worker.share_certificate(others, at=now)  # noqa: B023 - called before the next turn

            try:
                await self._shelf.change(worker_id, cause=cause, apply=note)
            except WorkerNotFound:
                continue  # forgotten meanwhile
        return len(to_note)
