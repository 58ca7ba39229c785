"""Workers for unit tests of the domain and the handlers."""

from datetime import UTC, datetime, timedelta

from cmlfleet.domain.cause import Cause
from cmlfleet.domain.entities.cml_worker import CMLWorker
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import AccountId, InstanceId, Region, WorkerId
from cmlfleet.domain.worker_policy import WorkerPolicy

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CAUSE = Cause(actor="test", command="Test")


def new_state(worker_id: str = "w-1", instance_id: str = "i-0123456789abcdef0") -> CMLWorkerState:
    """A record of which nothing was read yet."""
    return CMLWorkerState(
        id=WorkerId(worker_id),
        account_id=AccountId("111122223333"),
        region=Region("us-east-1"),
        instance_id=InstanceId(instance_id),
        name=instance_id,
        created_at=NOW,
    )


def worker_of(state: CMLWorkerState, **policy: object) -> CMLWorker:
    """The aggregate, with events of its own."""
    return CMLWorker(state, policy=WorkerPolicy(**policy), cause=CAUSE)  # pyright: ignore[reportArgumentType]


def names(worker: CMLWorker) -> list[str]:
    """The events that were raised, without their common ending."""
    return [event.type_name.removesuffix("DomainEvent") for event in worker.events]


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
