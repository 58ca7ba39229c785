"""Which worker is the controller of a compute host."""

from cmlfleet.application.ports.storage import WorkerStore
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import InstanceId
from cmlfleet.domain.instance_ref import InstanceRef

CONTROLLER_TAG = "cmlfleet:controller"
"""On a compute: the instance id of its controller, in the same account and region."""


class ControllerLookup:
    """Finds the controller that a compute's tag names."""

    def __init__(self, workers: WorkerStore) -> None:
        self._workers = workers

    async def controller_of(self, compute: CMLWorkerState) -> CMLWorkerState | None:
        """The controller's record; None when the tag is not set or names no worker."""
        instance_id = compute.tags.get(CONTROLLER_TAG)
        if not instance_id:
            return None
        instance = InstanceRef(compute.account_id, compute.region, InstanceId(instance_id))
        worker_id = await self._workers.worker_id_of(instance)
        return None if worker_id is None else await self._workers.load(worker_id)
