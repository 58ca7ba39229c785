"""Removing a record; the instance lives on."""

from dataclasses import dataclass

from cmlfleet.application.changes import note_change
from cmlfleet.application.clock import Clock
from cmlfleet.application.errors import WorkerNotFound
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.monitoring import MonitoringSchedule
from cmlfleet.application.ports.sources import CMLSource
from cmlfleet.application.ports.storage import CredentialsStore, WorkerStore
from cmlfleet.application.principal import Principal
from cmlfleet.application.services.saved_records import SavedRecords
from cmlfleet.application.services.worker_shelf import WakeDelivery
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.events.cml_worker import CMLWorkerForgottenDomainEvent
from cmlfleet.domain.identifiers import WorkerId


@dataclass(frozen=True, slots=True)
class ForgetWorkerCommand(Message[None]):
    """The sweep does not adopt the instance again; an explicit import does."""

    worker_id: WorkerId


class ForgetWorkerCommandHandler:
    """Takes the worker out of everything that follows it."""

    def __init__(
        self,
        *,
        workers: WorkerStore,
        credentials: CredentialsStore,
        cml: CMLSource,
        monitoring: MonitoringSchedule,
        saved_records: SavedRecords,
        wake_delivery: WakeDelivery,
        clock: Clock,
    ) -> None:
        self._workers = workers
        self._credentials = credentials
        self._cml = cml
        self._monitoring = monitoring
        self._saved_records = saved_records
        self._wake_delivery = wake_delivery
        self._clock = clock

    async def handle_async(self, message: ForgetWorkerCommand, principal: Principal) -> None:
        """Raises WorkerNotFound and StorageUnavailable."""
        state = await self._workers.load(message.worker_id)
        if state is None:
            raise WorkerNotFound(message.worker_id)
        event = CMLWorkerForgottenDomainEvent(
            worker_id=state.id,
            occurred_at=self._clock(),
            cause=Cause(actor=principal.name, command=ForgetWorkerCommand.__name__),
            instance=state.instance,
            name=state.name,
        )
        removed = await self._workers.remove(state.id, event=event)
        if removed is None:
            raise WorkerNotFound(message.worker_id)
        note_change(event.type_name, before=event.data(), after=None)
        await self._credentials.delete(state.id)
        await self._cml.forget(state.id)
        self._monitoring.remove(state.id)
        self._saved_records.publish(removed, None)
        self._wake_delivery()
