"""Which source's figure is shown, and when a figure is high."""

from datetime import datetime, timedelta

from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, FigureSource
from cmlfleet.domain.facts import Datapoint, UtilizationFact

HIGH_PERCENT = 90.0  # crossed on the way up
NO_LONGER_HIGH_PERCENT = 80.0  # left on the way down; the gap keeps a figure at the edge from flapping
BASIC_PERIOD_SECONDS = 300  # CloudWatch's basic monitoring
DETAILED_PERIOD_SECONDS = 60  # CloudWatch's detailed monitoring
FRESH_PERIODS = 3
# How long after its period ended CloudWatch lists a point. It promises nothing; a question that comes too early is
# paid for and gets the point that is known already.
PUBLICATION_DELAY_SECONDS = {BASIC_PERIOD_SECONDS: 120, DETAILED_PERIOD_SECONDS: 60}


def cloudwatch_period_seconds(*, detailed_monitoring: bool) -> int:
    """How often CloudWatch gets a new datapoint."""
    return DETAILED_PERIOD_SECONDS if detailed_monitoring else BASIC_PERIOD_SECONDS


def next_datapoint_at(fact: UtilizationFact, *, period_seconds: int) -> datetime:
    """When the datapoint after the newest one can exist: a point is stamped with the start of its period.

    That of CPU, where there is one: an agent's memory comes each minute, so that its newest point may belong to a
    period that has not ended. CloudWatch bills series that it has nothing of, too: they are asked for as often as a
    point can come.
    """
    newest = fact.cpu or fact.memory
    if newest is None:
        return fact.read_at + timedelta(seconds=period_seconds)
    return newest.at + timedelta(seconds=2 * period_seconds + PUBLICATION_DELAY_SECONDS[period_seconds])


def choose_figures(state: CMLWorkerState, *, now: datetime) -> None:
    """CloudWatch's figure while it is fresh, else CML's where that is newer, each with its own time and source."""
    state.cpu_utilization, state.cpu_source, state.cpu_metrics_at = _choose(
        state.cloudwatch_cpu, state.cml_cpu, state=state, now=now
    )
    state.memory_utilization, state.memory_source, state.memory_metrics_at = _choose(
        state.cloudwatch_memory, state.cml_memory, state=state, now=now
    )


def _choose(
    cloudwatch: Datapoint | None, cml: Datapoint | None, *, state: CMLWorkerState, now: datetime
) -> tuple[float | None, FigureSource | None, datetime | None]:
    period_seconds = cloudwatch_period_seconds(detailed_monitoring=state.detailed_monitoring)
    fresh_from = now - timedelta(seconds=FRESH_PERIODS * period_seconds)
    if cloudwatch is not None and (cml is None or cloudwatch.at >= fresh_from or cloudwatch.at >= cml.at):
        return cloudwatch.percent, FigureSource.CLOUDWATCH, cloudwatch.at
    if cml is not None:
        return cml.percent, FigureSource.CML, cml.at
    return None, None, None


def is_high(percent: float | None, *, was_high: bool) -> bool:
    """With hysteresis; an unknown figure stays what it was."""
    if percent is None:
        return was_high
    return percent >= (NO_LONGER_HIGH_PERCENT if was_high else HIGH_PERCENT)
