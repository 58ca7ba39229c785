"""The configured accounts and regions, learned where the configuration leaves them open."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from cmlfleet.application.clock import Clock
from cmlfleet.application.services.recurrent_background_job import RecurrentBackgroundJob
from cmlfleet.domain.identifiers import AccountId, Region


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredAccount:
    """`account_id` None: that of the process's own credentials; no regions: the default region."""

    account_id: AccountId | None
    regions: tuple[Region, ...]


class AccountScopes:
    """Every account and region that is known by now."""

    def __init__(
        self,
        accounts: Sequence[ConfiguredAccount],
        *,
        own_account_id: Callable[[], Awaitable[AccountId]],
        default_region: Callable[[], Awaitable[Region | None]],
    ) -> None:
        self._accounts = accounts
        self._own_account_id = own_account_id
        self._default_region = default_region
        self._known: list[tuple[AccountId, Region]] = []

    def known(self) -> Sequence[tuple[AccountId, Region]]:
        """What was learned so far."""
        return self._known

    async def learn(self) -> None:
        """Ask AWS for what the configuration leaves open. Raises what AWS's adapter raises."""
        known: list[tuple[AccountId, Region]] = []
        for account in self._accounts:
            account_id = account.account_id or await self._own_account_id()
            regions = account.regions
            if not regions:
                region = await self._default_region()
                regions = () if region is None else (region,)
            known += [(account_id, region) for region in regions]
        self._known = known


class LearnScopesJob(RecurrentBackgroundJob):
    """Asks again until AWS has told."""

    def __init__(self, *, scopes: AccountScopes, clock: Clock) -> None:
        super().__init__(name="learn accounts and regions", clock=clock)
        self._scopes = scopes

    async def work_async(self) -> None:
        """Nothing to do once everything is known."""
        if not self._scopes.known():
            await self._scopes.learn()
