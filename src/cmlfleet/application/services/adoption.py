"""Making workers out of instances."""

from uuid import uuid4

from cmlfleet.application.clock import Clock
from cmlfleet.application.services.worker_shelf import WorkerShelf
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.entities.cml_worker import CMLWorker
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.events.cml_worker import CMLWorkerImportedDomainEvent
from cmlfleet.domain.facts import EC2InstanceFact
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.instance_ref import InstanceRef


class Adoption:
    """Adopts an instance that EC2 has just described, so that its first facts are there at once."""

    def __init__(self, *, shelf: WorkerShelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock

    def draft(self, instance: InstanceRef, fact: EC2InstanceFact, *, cause: Cause) -> CMLWorker:
        """The worker that adopting the instance would make, not stored."""
        name = fact.tags.get("Name") or instance.instance_id
        now = self._clock()
        state = CMLWorkerState(
            id=WorkerId(f"w-{uuid4().hex[:16]}"),
            account_id=instance.account_id,
            region=instance.region,
            instance_id=instance.instance_id,
            name=name,
            created_at=now,
        )
        worker = self._shelf.restore(state, cause=cause)
        imported = CMLWorkerImportedDomainEvent(
            worker_id=state.id, occurred_at=now, cause=cause, instance=instance, name=name
        )
        worker.events.append(imported)
        worker.observe_ec2(fact)
        worker.conclude(now=now)
        state.last_refreshed_at = None  # only EC2 was read: the record was not refreshed yet
        return worker

    async def adopt(self, instance: InstanceRef, fact: EC2InstanceFact, *, cause: Cause) -> CMLWorker:
        """Raises WorkerAlreadyKnown when somebody adopted the instance meanwhile."""
        worker = self.draft(instance, fact, cause=cause)
        await self._shelf.add(worker)
        return worker
