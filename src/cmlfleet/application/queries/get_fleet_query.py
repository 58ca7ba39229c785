"""The whole fleet in one object: counts, cost, and what needs a person."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cmlfleet.application.clock import Clock
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.reading import FleetReader, WorkerSummary
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries import views
from cmlfleet.application.queries.attention import attention, is_idle
from cmlfleet.application.queries.worker_view import current_cost_per_hour_usd
from cmlfleet.application.services.scope_standing import ScopeStandings
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import WorkerStatus
from cmlfleet.domain.list_prices import PRICES_AS_OF


@dataclass(frozen=True, slots=True)
class GetFleetQuery(Message[views.FleetView]):
    """Every worker that the default list shows."""


class GetFleetQueryHandler:
    """Raises StorageUnavailable."""

    def __init__(self, *, reader: FleetReader, standings: ScopeStandings, clock: Clock) -> None:
        self._reader = reader
        self._standings = standings
        self._clock = clock

    async def handle_async(self, message: GetFleetQuery, principal: Principal) -> views.FleetView:
        """As of this moment."""
        states, now = await self._reader.fleet_summaries(principal.limit), self._clock()
        return views.FleetView(
            workers=views.WorkerCountsView(
                total=len(states),
                by_status=dict(Counter(state.status.value for state in states)),
                by_health=dict(Counter(state.health.value for state in states)),
            ),
            labs=views.LabCountsView(
                total=sum(state.labs_count or 0 for state in states),
                running=sum(state.labs_running or 0 for state in states),
            ),
            nodes_running=sum(state.nodes_running or 0 for state in states),
            cost_per_hour_usd=_cost(states),
            idle_cost_per_hour_usd=_cost([state for state in states if is_idle(state, now=now)]),
            prices_as_of=PRICES_AS_OF.isoformat(),
            by_region=_by(states, lambda state: state.region),
            by_account=_by(states, lambda state: state.account_id),
            regions=self._regions(states, principal.limit),
            attention=tuple(attention(states, now=now)),
        )

    def _regions(self, states: Sequence[WorkerSummary], limit: TeamLimit | None) -> tuple[views.RegionView, ...]:
        counts = Counter((state.account_id, state.region) for state in states)
        return tuple(
            views.RegionView(
                account_id=standing.account_id,
                region=standing.region,
                outcome="ok" if standing.error_code is None else "error",
                error_code=standing.error_code,
                operation=standing.operation,
                detail=standing.detail,
                since=standing.since,
                workers=counts[(standing.account_id, standing.region)],
            )
            for standing in self._standings.all()
            if limit is None or (standing.account_id, standing.region) in counts
        )


def _cost(states: Iterable[WorkerSummary]) -> float | None:
    """The sum of what is known; None when there are workers and no price is known of any."""
    costs = [current_cost_per_hour_usd(state) for state in states]
    known = [cost for cost in costs if cost is not None]
    return round(sum(known), 5) if known or not costs else None


def _by(states: Sequence[WorkerSummary], key: Callable[[WorkerSummary], str]) -> dict[str, views.ScopeCountView]:
    groups: dict[str, list[WorkerSummary]] = {}
    for state in states:
        groups.setdefault(key(state), []).append(state)
    return {
        name: views.ScopeCountView(
            workers=len(members),
            running=sum(state.status is WorkerStatus.RUNNING for state in members),
            cost_per_hour_usd=_cost(members),
        )
        for name, members in sorted(groups.items())
    }
