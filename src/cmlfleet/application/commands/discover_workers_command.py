"""Adopting instances that carry the discovery tags, and noticing those that came back."""

from collections.abc import Mapping
from dataclasses import dataclass

from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.sources import EC2Source
from cmlfleet.application.ports.storage import WorkerAlreadyKnown, WorkerStore
from cmlfleet.application.principal import Principal
from cmlfleet.application.services.adoption import Adoption
from cmlfleet.application.services.first_refreshes import FirstRefreshes
from cmlfleet.application.services.scope_standing import ScopeStandings
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.entities.cml_worker_state import GONE_STATUSES
from cmlfleet.domain.facts import SourceFailure
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
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
    """Uses the pages that the background refreshes share. What a person had forgotten stays forgotten."""

    def __init__(
        self,
        *,
        ec2: EC2Source,
        workers: WorkerStore,
        adoption: Adoption,
        first_refreshes: FirstRefreshes,
        standings: ScopeStandings,
        discovery_tags: Mapping[str, str],
        max_age_seconds: float,
    ) -> None:
        self._ec2 = ec2
        self._workers = workers
        self._adoption = adoption
        self._first_refreshes = first_refreshes
        self._standings = standings
        self._discovery_tags = discovery_tags
        self._max_age_seconds = max_age_seconds

    async def handle_async(self, message: DiscoverWorkersCommand, principal: Principal) -> DiscoveryResult:
        """Raises StorageUnavailable; a region that cannot be read is in the result and in its standing."""
        account_id, region = message.account_id, message.region
        seen = await self._ec2.sweep(account_id, region, max_age_seconds=self._max_age_seconds)
        self._standings.note(account_id, region, seen if isinstance(seen, SourceFailure) else None)
        if isinstance(seen, SourceFailure):
            return DiscoveryResult(adopted=(), failure=seen.code.value)
        known = {
            entry.instance.instance_id: entry for entry in await self._workers.known_instances(account_id, region)
        }
        returned = [
            entry.worker_id
            for instance_id, entry in known.items()
            if entry.status in GONE_STATUSES and instance_id in seen and seen[instance_id].state not in _ENDED
        ]
        adopted: list[WorkerId] = []
        if self._discovery_tags:
            forgotten = await self._workers.forgotten_instances(account_id, region)
            cause = Cause(actor=principal.name, command=DiscoverWorkersCommand.__name__)
            for instance_id, fact in seen.items():
                if instance_id in known or instance_id in forgotten or fact.state in _ENDED:
                    continue
                if not self._discovery_tags.items() <= fact.tags.items():
                    continue
                try:
                    worker = await self._adoption.adopt(
                        InstanceRef(account_id, region, instance_id), fact, cause=cause
                    )
                except WorkerAlreadyKnown:
                    continue  # an import was quicker, which is what was wanted
                adopted.append(worker.state.id)
        self._first_refreshes.start([*adopted, *returned], principal)
        return DiscoveryResult(adopted=tuple(adopted))
