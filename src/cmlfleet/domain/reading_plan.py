"""What of a controller is worth asking for now: often what changes, rarely what does not."""

from datetime import datetime, timedelta

from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.facts import CMLReadingPlan
from cmlfleet.domain.sources import CMLPart, ErrorCode, Outcome, Source

LABS_EVERY = timedelta(minutes=5)
HEALTH_EVERY = timedelta(minutes=5)
LICENCE_EVERY = timedelta(hours=1)


def plan_reading(state: CMLWorkerState, *, now: datetime, everything: bool) -> CMLReadingPlan:
    """`everything` is a person's or a script's refresh: all parts, whatever was read lately."""
    parts = state.sources[Source.CML].parts

    def is_due(part: CMLPart, every: timedelta) -> bool:
        asked_at = state.parts_asked_at.get(part)
        if everything or asked_at is None or now - asked_at >= every:
            return True
        status = parts.get(part)
        # A permission that is missing now is missing in a minute too; anything else may have healed.
        return (
            status is not None
            and status.outcome is Outcome.ERROR
            and status.error_code is not ErrorCode.ACCESS_DENIED
        )

    return CMLReadingPlan(
        # What fails is read again each time: a controller that just came up still fails a check or two.
        health=is_due(CMLPart.HEALTH, HEALTH_EVERY) or False in state.cml_health.values(),
        labs=state.labs is None or is_due(CMLPart.LABS, LABS_EVERY),
        licence=is_due(CMLPart.LICENCE, LICENCE_EVERY),
        known_lab_ids=None if state.labs is None else frozenset(lab.lab_id for lab in state.labs),
        known_running_nodes=state.nodes_running,
        known_is_licensed=state.cml_is_licensed,
        forced=everything,
    )
