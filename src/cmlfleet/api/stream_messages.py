"""What stands on the event stream."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from cmlfleet.api.stream_audience import Audience, OfOperation, OfWorkers, OfWorkerThatMoved, Part, scope_of
from cmlfleet.application.ports.storage import Operation
from cmlfleet.application.queries.worker_view import worker_view
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import WorkerId

GONE = float("inf")  # no version of a worker comes after its removal
RESET = Part("reset", "{}")
_FLEET_UPDATED = Part("fleet.updated", "{}")


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be said, to whom, and of which version of which worker (None: of none; the last one of all)."""

    whole: Part
    audience: Audience
    worker_id: WorkerId | None = None
    version: float = 0

    def part(self, limit: TeamLimit | None) -> Part | None:
        """What of it somebody with the limit gets."""
        return self.whole if limit is None else self.audience.part(self.whole, limit)


def worker_updated(before: CMLWorkerState | None, after: CMLWorkerState, *, now: datetime) -> Told | None:
    """The fields that differ, all of them for a new worker; None where nothing shows."""
    changes = changed_fields(before, after, now=now)
    if not changes:
        return None
    return Told(_update(after, changes), _audience_of(before, after, now=now), after.id, after.version)


def worker_removed(worker_id: WorkerId, before: CMLWorkerState | None) -> Told:
    """It was forgotten; `before` None: and who might see it is no longer known."""
    audience = OfWorkers(() if before is None else (scope_of(before),))
    return Told(_removal(worker_id), audience, worker_id, GONE)


def fleet_updated(workers: Sequence[CMLWorkerState]) -> Told:
    """Counts may have changed: some of these workers did."""
    return Told(_FLEET_UPDATED, OfWorkers([scope_of(worker) for worker in workers]))


def operation_updated(operation: Operation) -> Told:
    """An operation made progress."""
    body = msgspec.to_builtins(operation)
    del body["items"]
    return Told(_part("operation.updated", body), OfOperation(operation.within))


def changed_fields(before: CMLWorkerState | None, after: CMLWorkerState, *, now: datetime) -> dict[str, Any]:
    """The fields of the public record that differ, with their new values; all of them for a new worker."""
    new = msgspec.to_builtins(worker_view(after, now=now))
    if before is None:
        return new
    old = msgspec.to_builtins(worker_view(before, now=now))
    return {name: value for name, value in new.items() if old[name] != value and name != "version"}


def _audience_of(before: CMLWorkerState | None, after: CMLWorkerState, *, now: datetime) -> Audience:
    if before is None or scope_of(before) == scope_of(after):
        return OfWorkers((scope_of(after),))
    return OfWorkerThatMoved(
        before=scope_of(before),
        after=scope_of(after),
        removal=_removal(after.id),
        arrival=_update(after, changed_fields(None, after, now=now)),
    )


def _part(event: str, data: Any) -> Part:
    return Part(event, msgspec.json.encode(data).decode())


def _removal(worker_id: str) -> Part:
    return _part("worker.removed", {"id": worker_id})


def _update(state: CMLWorkerState, changes: dict[str, Any]) -> Part:
    return _part("worker.updated", {"id": state.id, "version": state.version, "changes": changes})
