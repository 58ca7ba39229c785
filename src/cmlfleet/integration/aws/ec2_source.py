"""EC2 as a source of facts."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from cmlfleet.domain.facts import EC2AbsentFact, EC2Fact, EC2InstanceFact, SourceFailure
from cmlfleet.domain.identifiers import AccountId, InstanceId, Region
from cmlfleet.domain.instance_ref import InstanceRef
from cmlfleet.domain.sources import Source
from cmlfleet.integration.aws.batcher import Batcher, BatchFailedError
from cmlfleet.integration.aws.call_failure import AwsCallError, broken
from cmlfleet.integration.aws.describe_instance_status import DescribeInstanceStatus
from cmlfleet.integration.aws.describe_instances import IDS_LIMIT, DescribeInstances
from cmlfleet.integration.aws.instance_ids import is_instance_id, only_valid
from cmlfleet.integration.aws.region_sweep import RegionSweep, join_statuses
from cmlfleet.integration.aws.scope import AwsScope

_log = structlog.get_logger(__name__)


class AwsEC2Source:
    """Implements `EC2Source`."""

    def __init__(self, *, instances: DescribeInstances, statuses: DescribeInstanceStatus, sweep: RegionSweep) -> None:
        self._instances = instances
        self._statuses = statuses
        self._sweep = sweep
        self._batcher = Batcher[AwsScope, InstanceId, EC2Fact](
            name="ec2_instances", execute=self._read_now, largest=IDS_LIMIT
        )

    async def read(self, ref: InstanceRef, *, max_age_seconds: float) -> EC2Fact:
        """The instance; anew for an age of 0, else from the sweep that all callers share."""
        scope = AwsScope(ref.account_id, ref.region)
        if not is_instance_id(ref.instance_id):
            return EC2AbsentFact(read_at=datetime.now(UTC))
        if max_age_seconds > 0:
            return (await self._sweep.read(scope, max_age_seconds=max_age_seconds)).fact_of(ref.instance_id)
        try:
            return await self._batcher.submit(scope, ref.instance_id)
        except BatchFailedError as error:
            return _broken(error)

    async def sweep(
        self, account_id: AccountId, region: Region, *, max_age_seconds: float
    ) -> Mapping[InstanceId, EC2InstanceFact] | SourceFailure:
        """Every visible instance; a failure also when single zones failed, since the list is not whole then."""
        snapshot = await self._sweep.read(AwsScope(account_id, region), max_age_seconds=max_age_seconds)
        if snapshot.failure is None:
            return snapshot.instances
        return snapshot.failure.as_fact(
            source=Source.EC2, read_at=snapshot.asked_at, duration_ms=snapshot.duration_ms
        )

    async def find(
        self,
        account_id: AccountId,
        region: Region,
        *,
        instance_ids: Sequence[InstanceId] = (),
        tags: Mapping[str, str] | None = None,
    ) -> Mapping[InstanceId, EC2InstanceFact] | SourceFailure:
        """Instances by ids or by tags, with both those that fit both, with neither none; without status checks."""
        scope = AwsScope(account_id, region)
        asked_at, started = datetime.now(UTC), time.perf_counter()
        try:
            if instance_ids:
                described = await self._instances.by_ids(scope, only_valid(instance_ids))
            elif tags:
                described = await self._instances.by_tags(scope, tags)
            else:
                return {}
        except AwsCallError as failure:
            return failure.as_fact(source=Source.EC2, read_at=asked_at, duration_ms=_since(started))
        for failure in described.failures.values():
            return failure.as_fact(source=Source.EC2, read_at=asked_at, duration_ms=_since(started))
        wanted = (tags or {}).items()
        return {each: fact for each, fact in described.instances.items() if wanted <= fact.tags.items()}

    async def close(self) -> None:
        await self._batcher.close()
        await self._sweep.close()

    async def _read_now(self, scope: AwsScope, instance_ids: Sequence[InstanceId]) -> Mapping[InstanceId, EC2Fact]:
        asked_at, started = datetime.now(UTC), time.perf_counter()
        described, statuses = await asyncio.gather(
            self._instances.by_ids(scope, instance_ids), self._statuses.by_ids(scope, instance_ids)
        )
        duration_ms = _since(started)
        instances = await join_statuses(described.instances, statuses)

        def fact_of(instance_id: InstanceId) -> EC2Fact:
            found = instances.get(instance_id)
            if found is not None:
                return replace(found, duration_ms=duration_ms)
            failure = described.failures.get(instance_id)
            if failure is not None:
                return failure.as_fact(source=Source.EC2, read_at=asked_at, duration_ms=duration_ms)
            return EC2AbsentFact(read_at=asked_at, duration_ms=duration_ms)

        return {instance_id: fact_of(instance_id) for instance_id in instance_ids}


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def _broken(error: BatchFailedError) -> SourceFailure:
    _log.error("ec2_reading_broke", exc_info=error.__cause__)
    failure = broken("ec2:DescribeInstances", error.__cause__)
    return failure.as_fact(source=Source.EC2, read_at=datetime.now(UTC), duration_ms=0.0)
