"""EC2 and CloudWatch without AWS: they say what a test tells them to say."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cmlfleet.domain.facts import (
    CloudWatchFact,
    Datapoint,
    EC2AbsentFact,
    EC2Checks,
    EC2Fact,
    EC2InstanceFact,
    SourceFailure,
    UtilizationFact,
)
from cmlfleet.domain.identifiers import AccountId, InstanceId, Region
from cmlfleet.domain.instance_ref import InstanceRef
from cmlfleet.domain.sources import ErrorCode, Source

RUNNING_SINCE = timedelta(hours=20)
_Scope = tuple[AccountId, Region]


def running_instance(
    *,
    read_at: datetime | None = None,
    state: str = "running",
    tags: Mapping[str, str] | None = None,
    public_ip: str | None = "198.51.100.7",
    private_ip: str | None = "10.0.0.7",
    detailed_monitoring: bool = False,
) -> EC2InstanceFact:
    """An ordinary worker that has been up for a day. For anything else use `dataclasses.replace`."""
    at = read_at or datetime.now(UTC)
    return EC2InstanceFact(
        read_at=at,
        state=state,
        state_reason=None,
        instance_type="m8i.4xlarge",
        image_id="ami-0123456789abcdef0",
        availability_zone="us-east-1a",
        launched_at=(at - RUNNING_SINCE).replace(microsecond=0),
        private_ip=private_ip,
        public_ip=public_ip,
        public_ip_is_elastic=False,
        addresses=tuple(address for address in (private_ip, public_ip) if address),
        tags=dict(tags or {"Name": "cml-worker", "cmlfleet:managed": "true"}),
        detailed_monitoring=detailed_monitoring,
        checks=EC2Checks(system="ok", instance="ok", ebs="ok"),
        scheduled_events=(),
    )


def ec2_failure(code: ErrorCode, *, read_at: datetime | None = None) -> SourceFailure:
    """EC2 was asked and gave no usable answer."""
    return SourceFailure(
        source=Source.EC2,
        read_at=read_at or datetime.now(UTC),
        code=code,
        detail=f"the fake says {code.value}",
        operation="ec2:DescribeInstances",
    )


def cloudwatch_failure(code: ErrorCode, *, read_at: datetime | None = None) -> SourceFailure:
    return SourceFailure(
        source=Source.CLOUDWATCH,
        read_at=read_at or datetime.now(UTC),
        code=code,
        detail=f"the fake says {code.value}",
        operation="cloudwatch:GetMetricData",
    )


def utilization_fact(
    *,
    cpu: float | None = 5.0,
    memory: float | None = None,
    read_at: datetime | None = None,
    at: datetime | None = None,
) -> UtilizationFact:
    """Percentages; the points are two minutes old unless `at` says otherwise."""
    read_at = read_at or datetime.now(UTC)
    at = at or read_at - timedelta(minutes=2)
    return UtilizationFact(
        read_at=read_at,
        cpu=None if cpu is None else Datapoint(percent=cpu, at=at),
        memory=None if memory is None else Datapoint(percent=memory, at=at),
    )


class FakeEC2Source:
    """Implements `EC2Source`.

    `instances` holds what exists; what is not there is absent. `failures` makes an account and region fail. Each
    fact is given with the time of the question, unless `keep_read_at`. While `gate` is set, readings wait for it.
    `readings` tells what was asked, with the age that was allowed.
    """

    def __init__(self) -> None:
        self.instances: dict[InstanceRef, EC2InstanceFact] = {}
        self.failures: dict[_Scope, SourceFailure] = {}
        self.keep_read_at = False
        self.gate: asyncio.Event | None = None
        self.readings: list[tuple[InstanceRef, float]] = []
        self.sweeps: list[_Scope] = []

    async def read(self, ref: InstanceRef, *, max_age_seconds: float) -> EC2Fact:
        self.readings.append((ref, max_age_seconds))
        if self.gate is not None:
            await self.gate.wait()
        failure = self.failures.get((ref.account_id, ref.region))
        if failure is not None:
            return failure
        found = self.instances.get(ref)
        return EC2AbsentFact(read_at=datetime.now(UTC)) if found is None else self._now(found)

    async def sweep(
        self, account_id: AccountId, region: Region, *, max_age_seconds: float
    ) -> Mapping[InstanceId, EC2InstanceFact] | SourceFailure:
        self.sweeps.append((account_id, region))
        return self.failures.get((account_id, region)) or self._of(account_id, region)

    async def find(
        self,
        account_id: AccountId,
        region: Region,
        *,
        instance_ids: Sequence[InstanceId] = (),
        tags: Mapping[str, str] | None = None,
    ) -> Mapping[InstanceId, EC2InstanceFact] | SourceFailure:
        if not instance_ids and not tags:
            return {}
        failure = self.failures.get((account_id, region))
        if failure is not None:
            return failure
        wanted = (tags or {}).items()
        return {
            each: replace(fact, checks=None, scheduled_events=None)
            for each, fact in self._of(account_id, region).items()
            if (not instance_ids or each in instance_ids) and wanted <= fact.tags.items()
        }

    def _of(self, account_id: AccountId, region: Region) -> dict[InstanceId, EC2InstanceFact]:
        return {
            ref.instance_id: self._now(fact)
            for ref, fact in self.instances.items()
            if (ref.account_id, ref.region) == (account_id, region)
        }

    def _now(self, fact: EC2InstanceFact) -> EC2InstanceFact:
        return fact if self.keep_read_at else replace(fact, read_at=datetime.now(UTC))


class FakeCloudWatchSource:
    """Implements `CloudWatchSource`: `facts` holds the answer for each instance, others have no data."""

    def __init__(self) -> None:
        self.facts: dict[InstanceRef, CloudWatchFact] = {}
        self.gate: asyncio.Event | None = None
        self.readings: list[tuple[InstanceRef, bool]] = []
        self.ages: list[float] = []

    async def read(self, ref: InstanceRef, *, detailed_monitoring: bool, max_age_seconds: float) -> CloudWatchFact:
        self.readings.append((ref, detailed_monitoring))
        self.ages.append(max_age_seconds)
        if self.gate is not None:
            await self.gate.wait()
        return self.facts.get(ref) or utilization_fact(cpu=None)
