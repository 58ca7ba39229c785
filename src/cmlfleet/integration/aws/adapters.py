"""Everything of AWS that the rest of the product uses, wired."""

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog

from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.integration.aws.accounts import AwsAccounts, CallerIdentity
from cmlfleet.integration.aws.budgets import Budgets
from cmlfleet.integration.aws.call_failure import AwsCallError
from cmlfleet.integration.aws.cloudwatch_source import AwsCloudWatchSource
from cmlfleet.integration.aws.describe_instance_status import DescribeInstanceStatus
from cmlfleet.integration.aws.describe_instances import DescribeInstances
from cmlfleet.integration.aws.ec2_source import AwsEC2Source
from cmlfleet.integration.aws.get_metric_data import GetMetricData
from cmlfleet.integration.aws.metric_discovery import MetricDiscovery
from cmlfleet.integration.aws.metrics_ahead import MetricsAhead
from cmlfleet.integration.aws.permissions import PermissionCheck, check_permissions
from cmlfleet.integration.aws.reader import AwsReader
from cmlfleet.integration.aws.region_sweep import RegionSweep, StatesChanged
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.settings import AwsAccountSettings, AwsLimits
from cmlfleet.integration.aws.stored_passwords import StoredPasswords

__all__ = ["AwsAccountSettings", "AwsAdapters", "AwsCallError", "AwsLimits", "CallerIdentity", "PermissionCheck"]

_LEARN_AGAIN_SECONDS = 10.0  # as long as a failure of credentials is remembered

_log = structlog.get_logger(__name__)


class AwsAdapters:
    """The sources EC2 and CloudWatch for all configured accounts. Made at once, it asks AWS nothing before it is
    used.

    Raises ValueError when two accounts are without id. `states_changed` is told after a sweep in which instances
    came, went or have another state than in the one before. `clock` counts seconds and never goes back; it times
    budgets and what is remembered. With `ahead_interval_seconds`, the pause between the schedule's readings, metrics
    are asked for ahead (`MetricsAhead`): in one process that reads every worker itself.
    """

    def __init__(
        self,
        accounts: Sequence[AwsAccountSettings],
        *,
        limits: AwsLimits | None = None,
        states_changed: StatesChanged | None = None,
        ahead_interval_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        limits = limits or AwsLimits()
        self.budgets = Budgets(clock=clock)
        self._accounts = AwsAccounts(accounts, limits=limits, clock=clock)
        self.passwords = StoredPasswords(self._accounts)
        self._reader = AwsReader(accounts=self._accounts, budgets=self.budgets, limits=limits)
        instances = DescribeInstances(self._reader)
        statuses = DescribeInstanceStatus(self._reader, clock=clock)
        self.ec2 = AwsEC2Source(
            instances=instances,
            statuses=statuses,
            sweep=RegionSweep(instances=instances, statuses=statuses, states_changed=states_changed, clock=clock),
        )
        self.metric_data = GetMetricData(self._reader)
        self.cloudwatch = AwsCloudWatchSource(
            metrics=self.metric_data,
            discovery=MetricDiscovery(self._reader, clock=clock),
            ahead=None
            if ahead_interval_seconds is None
            else MetricsAhead(interval_seconds=ahead_interval_seconds, clock=clock),
        )

    async def identity(self, account_id: AccountId | None = None) -> CallerIdentity:
        """Whose the credentials of the account are; without id those of the process. Asked of STS once, and again
        after a failure. Raises `AwsCallError`."""
        return await self._accounts.identity(account_id)

    def scopes(self) -> list[tuple[AccountId, Region]]:
        """Every configured account and region that is known by now, for whoever sweeps them."""
        return self._accounts.scopes()

    async def learn_accounts(self, observe_failure: Callable[[AwsCallError], None]) -> None:
        """Return once everything that is configured is in `scopes`. Tries again for as long as that takes: a service
        starts without AWS too. `observe_failure` hears of each failure."""
        is_told = False
        while True:
            try:
                await self._accounts.learn()
            except AwsCallError as failure:
                observe_failure(failure)
                if not is_told:
                    _log.warning("aws_account_unknown", error_code=failure.code.value, detail=failure.detail)
                is_told = True
                await asyncio.sleep(_LEARN_AGAIN_SECONDS)
            else:
                if is_told:
                    _log.info("aws_account_known")
                return

    async def default_region(self) -> Region | None:
        """The region of the environment or the profile. Raises `AwsCallError`."""
        return await self._accounts.default_region()

    async def check_permissions(self, account_id: AccountId, region: Region) -> list[PermissionCheck]:
        """Each permission that is used, tried."""
        return await check_permissions(self._reader, AwsScope(account_id, region))

    async def close(self) -> None:
        """Cancel what is under way and close the connections."""
        await self.ec2.close()
        await self.cloudwatch.close()
        await self._reader.close()
        await self._accounts.close()
        self.budgets.close()
