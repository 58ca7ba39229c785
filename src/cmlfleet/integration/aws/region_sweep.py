"""The page sweep of an account and region: everything visible, read once for all who ask within an interval."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from cmlfleet.domain.facts import EC2AbsentFact, EC2Fact, EC2InstanceFact
from cmlfleet.domain.identifiers import AccountId, InstanceId, Region
from cmlfleet.domain.slot_copies import slot_copier
from cmlfleet.domain.sources import Source
from cmlfleet.integration.aws.call_failure import AwsCallError, broken
from cmlfleet.integration.aws.describe_instance_status import DescribeInstanceStatus, Statuses
from cmlfleet.integration.aws.describe_instances import Described, DescribeInstances
from cmlfleet.integration.aws.instruments import NOT_WANTED
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.single_flight import SingleFlight

_FAILURE_KEPT_SECONDS = 10.0  # groups that fire meanwhile share the failure too; doubled with each one in a row
_MOST_COUNTED = 10  # of failures in a row: by then every interval is shorter
_SLICE_ITEMS = 500  # facts joined with their status before the event loop has a turn: 2 ms

_with_status = slot_copier(EC2InstanceFact, "checks", "scheduled_events")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionSnapshot:
    """One sweep. `failure` says that it failed, or zones of it did: what is absent then may be in one of them."""

    began_at: float
    asked_at: datetime
    duration_ms: float
    instances: Mapping[InstanceId, EC2InstanceFact] = field(default_factory=dict[InstanceId, EC2InstanceFact])
    failure: AwsCallError | None = None
    failures_in_a_row: int = 0

    def fact_of(self, instance_id: InstanceId) -> EC2Fact:
        """What this sweep says of the instance."""
        fact = self.instances.get(instance_id)
        if fact is not None:
            return fact
        if self.failure is not None:
            return self.failure.as_fact(source=Source.EC2, read_at=self.asked_at, duration_ms=self.duration_ms)
        return EC2AbsentFact(read_at=self.asked_at, duration_ms=self.duration_ms)

    def has_same_states_as(self, other: "RegionSnapshot | None") -> bool:
        """Whether both hold the same instances in the same states."""
        if other is None or other.instances.keys() != self.instances.keys():
            return False
        return all(fact.state == other.instances[instance_id].state for instance_id, fact in self.instances.items())


StatesChanged = Callable[[AccountId, Region], None]
"""Told after the sweep whose states differ from those of the sweep before."""


class RegionSweep:
    """At most one sweep at a time for each account and region; its callers share it, and its failure."""

    def __init__(
        self,
        *,
        instances: DescribeInstances,
        statuses: DescribeInstanceStatus,
        states_changed: StatesChanged | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._instances = instances
        self._statuses = statuses
        self._states_changed = states_changed
        self._clock = clock
        self._snapshots = dict[AwsScope, RegionSnapshot]()
        self._flights = SingleFlight[AwsScope, RegionSnapshot]()

    async def read(self, scope: AwsScope, *, max_age_seconds: float) -> RegionSnapshot:
        """A sweep that began at most so long ago, or the one under way, or a new one."""
        snapshot = self._snapshots.get(scope)
        if snapshot is not None:
            kept_seconds = max_age_seconds
            if snapshot.failure is not None:
                longest = _FAILURE_KEPT_SECONDS * 2 ** (snapshot.failures_in_a_row - 1)
                kept_seconds = min(max_age_seconds, longest)
            if self._clock() - snapshot.began_at < kept_seconds:
                return snapshot
        return await self._flights.run(scope, lambda: self._sweep(scope))

    async def close(self) -> None:
        await self._flights.close()

    async def _sweep(self, scope: AwsScope) -> RegionSnapshot:
        began_at, asked_at = self._clock(), datetime.now(UTC)
        instances: Mapping[InstanceId, EC2InstanceFact] = {}
        failure: AwsCallError | None
        statuses = asyncio.ensure_future(self._statuses.everything(scope))
        try:
            described = await self._instances.everything(scope)
            instances = await join_statuses(described.instances, await statuses)
            failure = _failure_of_zones(described)
        except AwsCallError as error:
            failure = error
        except Exception as error:
            _log.exception("ec2_sweep_broke", scope=str(scope))
            failure = broken("ec2:DescribeInstances", error)
        finally:
            statuses.cancel(NOT_WANTED)
        duration_ms = (self._clock() - began_at) * 1000
        before = self._snapshots.get(scope)
        failed_before = 0 if before is None else before.failures_in_a_row
        snapshot = RegionSnapshot(
            began_at=began_at,
            asked_at=asked_at,
            duration_ms=duration_ms,
            instances=instances,
            failure=failure,
            failures_in_a_row=0 if failure is None else min(failed_before + 1, _MOST_COUNTED),
        )
        self._snapshots[scope] = snapshot
        if self._states_changed is not None and failure is None and not snapshot.has_same_states_as(before):
            self._states_changed(scope.account_id, scope.region)
        return snapshot


async def join_statuses(
    instances: Mapping[InstanceId, EC2InstanceFact], statuses: Statuses | None
) -> Mapping[InstanceId, EC2InstanceFact]:
    """The facts with checks and events; None for both where the status is not known."""
    if statuses is None:
        return instances
    joined: dict[InstanceId, EC2InstanceFact] = {}
    for number, (instance_id, fact) in enumerate(instances.items(), start=1):
        status = statuses.get(instance_id)
        joined[instance_id] = fact if status is None else _with_status(fact, status.checks, status.scheduled_events)
        if number % _SLICE_ITEMS == 0:
            await asyncio.sleep(0)
    return joined


def _failure_of_zones(described: Described) -> AwsCallError | None:
    return next(iter(described.failed_zones.values()), None)
