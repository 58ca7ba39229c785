"""Domain events that an operator wants to read in the log: once when something changes, not each minute."""

import structlog

from cmlfleet.application.ports.storage import StoredEvent
from cmlfleet.domain.entities.cml_worker_state import WorkerStatus

_LOUD = frozenset({"CMLWorkerSourceFailingDomainEvent", "CMLCertificateChangedDomainEvent"})
_SPOKEN = _LOUD | {
    "CMLWorkerSourceRecoveredDomainEvent",
    "CMLWorkerStatusChangedDomainEvent",
    "CMLWorkerHealthChangedDomainEvent",
    "CMLWorkerImportedDomainEvent",
    "CMLWorkerForgottenDomainEvent",
}

logger = structlog.get_logger("cmlfleet.events")


async def log_event(event: StoredEvent) -> None:
    """One line an event, with the worker, what happened and what caused it."""
    if event.type not in _SPOKEN or _is_first_status(event):
        return
    say = logger.warning if event.type in _LOUD else logger.info
    say(
        event.type.removesuffix("DomainEvent"),
        worker_id=event.worker_id,
        actor=event.actor,
        cause=event.cause,
        event_id=event.event_id,
        **{f"data_{key}" if key in ("event", "cause", "actor") else key: value for key, value in event.data.items()},
    )


def _is_first_status(event: StoredEvent) -> bool:
    """Of what was just imported, which has a line of its own."""
    return event.type == "CMLWorkerStatusChangedDomainEvent" and event.data.get("before") == WorkerStatus.UNKNOWN
