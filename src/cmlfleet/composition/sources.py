"""What asks the outside: AWS and the controllers, as the settings say."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.application.ports.storage import CredentialsStore
from cmlfleet.application.queries.system_views import BudgetView
from cmlfleet.application.services.scope_standing import ScopeStandings
from cmlfleet.composition.credentials import credential_rules
from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.domain.sources import Source
from cmlfleet.domain.worker_policy import WorkerPolicy
from cmlfleet.integration.aws.adapters import AwsAccountSettings, AwsAdapters, AwsCallError
from cmlfleet.integration.services.address_policy import AddressPolicy
from cmlfleet.integration.services.certificate_trust import TLSMode
from cmlfleet.integration.services.cml_api_client import CMLApiClient
from cmlfleet.integration.services.cml_source import CMLControllerSource
from cmlfleet.integration.services.controller import Controllers
from cmlfleet.integration.services.controller_probe import NetworkControllerProbe
from cmlfleet.integration.services.fleet_credentials import FleetCredentials
from cmlfleet.settings import AccountSettings, Settings

SWEEP_AGE_OF_INTERVAL = 0.75  # a background refresh takes EC2's pages of this interval, never of the one before
KEEPALIVE_BEYOND_INTERVAL_SECONDS = 30.0  # connections to controllers outlive the pause between readings


class Sources:
    """Opened and closed together."""

    def __init__(
        self,
        settings: Settings,
        *,
        credentials: CredentialsStore,
        states_changed: Callable[[AccountId, Region], None],
        standings: ScopeStandings,
    ) -> None:
        self._settings = settings
        self._standings = standings
        self._learning: asyncio.Task[None] | None = None
        self.aws = AwsAdapters(
            [_aws_account(account, default_regions=settings.regions) for account in monitored_accounts(settings)],
            states_changed=states_changed,
            # In a cluster a group is read by another process each time, which would ask again and pay again.
            ahead_interval_seconds=settings.refresh_interval if settings.redis_url is None else None,
        )
        self._cml_client = CMLApiClient(
            keepalive_seconds=settings.refresh_interval + KEEPALIVE_BEYOND_INTERVAL_SECONDS
        )
        fleet = None
        if settings.cml_username is not None:
            fleet = CMLCredentials(username=settings.cml_username, password=settings.cml_password)
        controllers = Controllers(tls_mode=TLSMode(settings.cml_tls))
        cml_credentials = FleetCredentials(
            own=credentials, rules=credential_rules(settings, self.aws.passwords), fleet=fleet
        )
        policy = address_policy(settings)
        self.cml = CMLControllerSource(
            client=self._cml_client,
            controllers=controllers,
            credentials=cml_credentials,
            policy=policy,
            timeout_seconds=settings.cml_timeout,
        )
        self.probe = NetworkControllerProbe(
            client=self._cml_client,
            controllers=controllers,
            credentials=cml_credentials,
            policy=policy,
            timeout_seconds=settings.cml_timeout,
        )

    async def open(self) -> None:
        """In the event loop that asks. AWS is asked at once whose the credentials are, and nobody waits for it."""
        await self._cml_client.__aenter__()
        self._learning = asyncio.ensure_future(self.aws.learn_accounts(self._account_unknown))

    async def until_known(self) -> None:
        """Return once every configured account and region is known."""
        if self._learning is not None:
            await asyncio.shield(self._learning)

    async def close(self) -> None:
        """Close every connection."""
        if self._learning is not None:
            self._learning.cancel()
            await asyncio.gather(self._learning, return_exceptions=True)
        await self._cml_client.__aexit__(None, None, None)
        await self.aws.close()

    def policy_of(self, account_id: AccountId) -> WorkerPolicy:
        """What the settings say of an account's workers."""
        settings = self._settings
        own = next((account for account in settings.accounts if account.account_id == account_id), None)
        prefer_private_ip = settings.prefer_private_ip
        if own is not None and own.prefer_private_ip is not None:
            prefer_private_ip = own.prefer_private_ip
        return WorkerPolicy(
            refresh_interval_seconds=settings.refresh_interval,
            boot_budget_seconds=settings.boot_budget,
            prefer_private_ip=prefer_private_ip,
            discovery_tags=settings.discovery_tags,
        )

    def _account_unknown(self, failure: AwsCallError) -> None:
        regions = [Region(region) for region in self._settings.regions]
        fact = failure.as_fact(source=Source.EC2, read_at=datetime.now(UTC), duration_ms=0.0)
        self._standings.note_unknown_account(regions, fact)

    def budgets(self) -> list[BudgetView]:
        """What AWS operations may still be called."""
        return [
            BudgetView(
                account_id=state.account_id,
                region=state.region,
                operation=state.operation,
                tokens=round(state.tokens, 2),
                rate_per_second=round(state.refill_per_second, 3),
                throttled=state.factor < 1,
            )
            for state in self.aws.budgets.snapshot()
        ]

    def throttled(self) -> list[str]:
        """Operations that AWS slows down now, each with its region."""
        return [f"{budget.operation} in {budget.region}" for budget in self.budgets() if budget.throttled]


def address_policy(settings: Settings) -> AddressPolicy:
    """Where an endpoint may lead."""
    return AddressPolicy(
        allowed_networks=settings.cml_allowed_networks, forbidden_networks=settings.cml_forbidden_networks
    )


def monitored_accounts(settings: Settings) -> tuple[AccountSettings, ...]:
    """The process's own account and the configured ones; one configured without a role is the own account."""
    if any(account.role_arn is None for account in settings.accounts):
        return settings.accounts
    return (AccountSettings(), *settings.accounts)


def _aws_account(account: AccountSettings, *, default_regions: Sequence[str]) -> AwsAccountSettings:
    return AwsAccountSettings(
        account_id=None if account.account_id is None else AccountId(account.account_id),
        regions=tuple(Region(region) for region in account.regions or default_regions),
        role_arn=account.role_arn,
        external_id=account.external_id,
    )
