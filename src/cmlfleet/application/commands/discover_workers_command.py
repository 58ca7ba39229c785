"""Adopting instances that carry the discovery tags, and refreshing workers whose state has changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.sources import EC2Source
from cmlfleet.application.ports.storage import KnownInstance, WorkerStore
from cmlfleet.application.principal import Principal
from cmlfleet.application.services.adoption import Adoption
from cmlfleet.application.services.prompt_refreshes import PromptRefreshes
from cmlfleet.application.services.scope_standing import ScopeStandings
from cmlfleet.application.services.shared_runs import SharedRuns
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.entities.cml_worker import CMLWorker
from cmlfleet.domain.entities.cml_worker_state import GONE_STATUSES
from cmlfleet.domain.facts import EC2InstanceFact, SourceFailure
from cmlfleet.domain.identifiers import AccountId, InstanceId, Region, WorkerId
from cmlfleet.domain.instance_ref import InstanceRef

_ENDED = frozenset({"shutting-down", "terminated"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryResult:
    """`failure` is the source's error code when EC2 could not be asked."""

    adopted: tuple[WorkerId, ...]
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class DiscoverWorkersCommand(Message[DiscoveryResult]):
    """One sweep of one account and region."""

    account_id: AccountId
    region: Region


class DiscoverWorkersCommandHandler:
    """Uses the pages that the background refreshes share. What a person had forgotten stays forgotten.

    Callers for one account and region at the same moment share one run.
    """

    def __init__(
        self,
        *,
        ec2: EC2Source,
        workers: WorkerStore,
        adoption: Adoption,
        prompt_refreshes: PromptRefreshes,
        standings: ScopeStandings,
        discovery_tags: Mapping[str, str],
        max_age_seconds: float,
    ) -> None:
        self._ec2 = ec2
        self._workers = workers
        self._adoption = adoption
        self._prompt_refreshes = prompt_refreshes
        self._standings = standings
        self._discovery_tags = discovery_tags
        self._max_age_seconds = max_age_seconds
        self._runs: SharedRuns[DiscoveryResult] = SharedRuns()

    async def handle_async(self, message: DiscoverWorkersCommand, principal: Principal) -> DiscoveryResult:
        """Raises StorageUnavailable; a region that cannot be read is in the result and in its standing."""
        account_id, region = message.account_id, message.region
        return await self._runs.run(
            (account_id, region), lambda: self._discover(account_id, region, principal=principal)
        )

    async def _discover(self, account_id: AccountId, region: Region, *, principal: Principal) -> DiscoveryResult:
        seen = await self._ec2.sweep(account_id, region, max_age_seconds=self._max_age_seconds)
        self._standings.note(account_id, region, seen if isinstance(seen, SourceFailure) else None)
        if isinstance(seen, SourceFailure):
            return DiscoveryResult(adopted=(), failure=seen.code.value)
        known = {
            entry.instance.instance_id: entry for entry in await self._workers.known_instances(account_id, region)
        }
        changed = [entry.worker_id for entry in known.values() if _has_changed(entry, seen)]
        adopted: list[WorkerId] = []
        if self._discovery_tags:
            forgotten = await self._workers.forgotten_instances(account_id, region)
            new = {
                InstanceRef(account_id, region, instance_id): fact
                for instance_id, fact in seen.items()
                if instance_id not in known
                and instance_id not in forgotten
                and fact.state not in _ENDED
                and self._discovery_tags.items() <= fact.tags.items()
            }
            cause = Cause(actor=principal.name, command=DiscoverWorkersCommand.__name__)
            # Where an import was quicker, what was wanted is done.
            adopted = [
                outcome.state.id
                for outcome in await self._adoption.adopt(new, cause=cause)
                if isinstance(outcome, CMLWorker)
            ]
        self._prompt_refreshes.start([*adopted, *changed], principal, background=True)
        return DiscoveryResult(adopted=tuple(adopted))


def _has_changed(entry: KnownInstance, seen: Mapping[InstanceId, EC2InstanceFact]) -> bool:
    fact = seen.get(entry.instance.instance_id)
    if fact is None:
        return False  # absence has to be seen twice, a minute apart: the schedule's refreshes do that
    return fact.state != entry.status.value and not (entry.status in GONE_STATUSES and fact.state in _ENDED)
