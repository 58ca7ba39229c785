"""What of the fleet needs a person now."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cmlfleet.application.queries.views import AttentionView
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, Health, WorkerStatus

IDLE_AFTER = timedelta(hours=1)  # a class takes breaks; an hour without any running node is no break
LICENSE_SOON = timedelta(days=30)  # what renews by itself is renewed earlier: an authorization of 90 days after 30
DISK_ATTENTION_PERCENT = 90.0
_WRONG = (Health.UNREACHABLE, Health.DEGRADED, Health.UNLICENSED, Health.UNKNOWN)


def _untold(_: CMLWorkerState) -> datetime | None:
    return None


@dataclass(frozen=True, slots=True)
class _Matter:
    """`query` is that of `GET /api/v1/workers` and selects the workers for which it `holds`."""

    reason: str
    query: str
    holds: Callable[[CMLWorkerState], object]
    since: Callable[[CMLWorkerState], datetime | None] = _untold
    due_at: Callable[[CMLWorkerState], datetime | None] = _untold


def attention(states: Sequence[CMLWorkerState], *, now: datetime) -> Iterable[AttentionView]:
    """Only what there is, with the earliest moment of each."""
    for matter in _matters(now):
        about = [state for state in states if matter.holds(state)]
        if about:
            yield AttentionView(
                reason=matter.reason,
                count=len(about),
                query=matter.query,
                since=_earliest(map(matter.since, about)),
                due_at=_earliest(map(matter.due_at, about)),
            )


def is_idle(state: CMLWorkerState, *, now: datetime) -> bool:
    """Running, paid for, and no node has run for an hour by our own readings."""
    return (
        state.status is WorkerStatus.RUNNING
        and state.nodes_idle_since is not None
        and now - state.nodes_idle_since >= IDLE_AFTER
    )


def _matters(now: datetime) -> Iterable[_Matter]:
    for health in _WRONG:
        yield _Matter(
            health.value, f"health={health.value}", lambda state, health=health: state.health is health, _ill_since
        )
    yield _Matter(
        "license_expiring",
        f"status=running&license_expires_at.lt={_text(now + LICENSE_SOON)}",
        lambda state: _license_is_expiring(state, now=now),
        due_at=_license_expires_at,
    )
    yield _Matter(
        "idle",
        f"status=running&nodes_idle_since.lte={_text(now - IDLE_AFTER)}",
        lambda state: is_idle(state, now=now),
        lambda state: state.nodes_idle_since,
    )
    yield _Matter(
        "disk_nearly_full",
        f"disk_utilization.gte={DISK_ATTENTION_PERCENT:.0f}",
        lambda state: (state.disk_utilization or 0) >= DISK_ATTENTION_PERCENT,
    )
    yield _Matter(
        "scheduled_event",
        "scheduled_events.gt=0",
        lambda state: state.scheduled_events,
        due_at=lambda state: _earliest(event.not_before for event in state.scheduled_events),
    )
    yield _Matter("shared_certificate", "certificate_shared_with.gt=0", lambda state: state.certificate_shared_with)


def _ill_since(state: CMLWorkerState) -> datetime | None:
    return _earliest(reason.since for reason in state.health_reasons)


def _license_expires_at(state: CMLWorkerState) -> datetime | None:
    return None if state.cml_license is None else state.cml_license.expires_at


def _license_is_expiring(state: CMLWorkerState, *, now: datetime) -> bool:
    expires_at = _license_expires_at(state)
    return state.status is WorkerStatus.RUNNING and expires_at is not None and expires_at < now + LICENSE_SOON


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
