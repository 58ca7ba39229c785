"""The AWS adapters against the simulated AWS, in one event loop."""

import os
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cmlfleet.domain.facts import CloudWatchFact, EC2Fact, EC2InstanceFact, SourceFailure, UtilizationFact
from cmlfleet.domain.identifiers import AccountId, InstanceId, Region
from cmlfleet.domain.instance_ref import InstanceRef
from cmlfleet.integration.aws.adapters import AwsAccountSettings, AwsAdapters, AwsLimits
from cmlfleet.simulator.plans import FIRST_ACCOUNT, HOME_REGION
from cmlfleet.simulator.server import SimulatorServer
from tests.support.simulator import running_simulator

ACCOUNT = AccountId(FIRST_ACCOUNT.account_id)
REGION = Region(HOME_REGION)
UNKNOWN_ID = InstanceId("i-0123456789abcdef0")
OTHER_UNKNOWN_ID = InstanceId("i-0fedcba9876543210")
SHORT_LIMITS = AwsLimits(connect_seconds=1.0, call_seconds=0.5, total_seconds=5.0)


class AwsScene:
    """The simulated cloud and the adapters that read it, whose clock can be moved."""

    def __init__(
        self,
        server: SimulatorServer,
        aws: AwsAdapters,
        clock: "MovableClock",
        states_changed: list[tuple[AccountId, Region]],
    ) -> None:
        self.server = server
        self.aws = aws
        self.clock = clock
        self.states_changed = states_changed

    @property
    def faults(self) -> Any:
        return self.server.faults

    def ids(self, region: str = REGION, account_id: str = ACCOUNT) -> list[InstanceId]:
        return [InstanceId(each) for each in self.server.world.region(account_id=account_id, name=region).instances]

    def calls(self, operation: str, *, region: str | None = None, outcome: str | None = None) -> int:
        return sum(
            count
            for key, count in self.server.ledger.counts().items()
            if key.operation == operation and region in (None, key.region) and outcome in (None, key.outcome)
        )

    def ref(self, instance_id: str, *, region: str = REGION, account_id: str = ACCOUNT) -> InstanceRef:
        return InstanceRef(AccountId(account_id), Region(region), InstanceId(instance_id))

    async def read(self, instance_id: str, *, max_age_seconds: float = 0.0, region: str = REGION) -> EC2Fact:
        return await self.aws.ec2.read(self.ref(instance_id, region=region), max_age_seconds=max_age_seconds)

    async def metrics(
        self, instance_id: str, *, detailed: bool | None = None, max_age_seconds: float = 0.0
    ) -> CloudWatchFact:
        if detailed is None:
            world = self.server.world.region(account_id=ACCOUNT, name=REGION)
            instance = world.instances.get(instance_id)
            detailed = instance is not None and instance.detailed_monitoring
        return await self.aws.cloudwatch.read(
            self.ref(instance_id), detailed_monitoring=detailed, max_age_seconds=max_age_seconds
        )


class MovableClock:
    """Seconds that never go back, but may jump."""

    def __init__(self) -> None:
        self.jumped_seconds = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.jumped_seconds


@asynccontextmanager
async def aws_scene(
    monkeypatch: pytest.MonkeyPatch,
    *,
    accounts: Sequence[AwsAccountSettings] = (AwsAccountSettings(regions=[REGION]),),
    limits: AwsLimits | None = None,
    ahead_interval_seconds: float | None = None,
    **arguments: Any,
) -> AsyncGenerator[AwsScene]:
    """A `SimulatorServer(**arguments)` and adapters that find it by the environment alone."""
    async with running_simulator(**arguments) as server:
        only_environment(monkeypatch, server.environment())
        clock = MovableClock()
        changed: list[tuple[AccountId, Region]] = []
        aws = AwsAdapters(
            accounts,
            limits=limits,
            states_changed=lambda account, region: changed.append((account, region)),
            ahead_interval_seconds=ahead_interval_seconds,
            clock=clock,
        )
        try:
            yield AwsScene(server, aws, clock, changed)
        finally:
            server.faults.clear()
            await aws.close()


def only_environment(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    """Nothing of this machine's own AWS configuration."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    nothing = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in {**nothing, **environment}.items():
        monkeypatch.setenv(name, value)


def instance(fact: EC2Fact) -> EC2InstanceFact:
    """The fact, which must be of an instance that was read."""
    assert isinstance(fact, EC2InstanceFact), fact
    return fact


def utilization(fact: CloudWatchFact) -> UtilizationFact:
    assert isinstance(fact, UtilizationFact), fact
    return fact


def failure(fact: object) -> SourceFailure:
    assert isinstance(fact, SourceFailure), fact
    return fact
