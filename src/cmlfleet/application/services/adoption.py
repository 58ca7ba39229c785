"""Making workers out of instances."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import uuid4

from cmlfleet.application.clock import Clock
from cmlfleet.application.ports.storage import WorkerAlreadyKnown
from cmlfleet.application.services.worker_shelf import WorkerShelf
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.entities.cml_worker import CMLWorker
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.events.cml_worker import CMLWorkerImportedDomainEvent
from cmlfleet.domain.facts import EC2InstanceFact
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.instance_ref import InstanceRef

IN_ONE_GO = 250  # workers made without letting go of the event loop: about 20 ms


class Adoption:
    """Adopts instances that EC2 has just described, so that their first facts are there at once."""

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

    async def adopt(
        self, found: Mapping[InstanceRef, EC2InstanceFact], *, cause: Cause
    ) -> Sequence[CMLWorker | WorkerAlreadyKnown]:
        """What became of each: the new worker, or the one that somebody made of the instance meanwhile.

        A thousand that appear at once are a few transactions. Raises StorageUnavailable.
        """
        outcomes: list[CMLWorker | WorkerAlreadyKnown] = []
        instances = list(found)
        for start in range(0, len(instances), IN_ONE_GO):
            outcomes += await asyncio.gather(
                *(
                    self._adopt(instance, found[instance], cause=cause)
                    for instance in instances[start : start + IN_ONE_GO]
                )
            )
        return outcomes

    async def _adopt(
        self, instance: InstanceRef, fact: EC2InstanceFact, *, cause: Cause
    ) -> CMLWorker | WorkerAlreadyKnown:
        worker = self.draft(instance, fact, cause=cause)
        try:
            await self._shelf.add(worker)
        except WorkerAlreadyKnown as race:
            return race
        return worker
