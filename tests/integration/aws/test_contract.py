"""What every `EC2Source` and `CloudWatchSource` holds to: the fakes, and the real ones on simulator and moto."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.support.aws_scene import (
    ACCOUNT,
    OTHER_UNKNOWN_ID,
    REGION,
    UNKNOWN_ID,
    AwsScene,
    aws_scene,
    failure,
    instance,
    only_environment,
    utilization,
)
from tests.support.fake_sources import (
    FakeCloudWatchSource,
    FakeEC2Source,
    cloudwatch_failure,
    ec2_failure,
    running_instance,
    utilization_fact,
)

from cmlfleet.application.ports.sources import CloudWatchSource, EC2Source
from cmlfleet.domain.facts import EC2AbsentFact
from cmlfleet.domain.identifiers import AccountId, InstanceId
from cmlfleet.domain.instance_ref import InstanceRef
from cmlfleet.domain.sources import ErrorCode, Source
from cmlfleet.integration.aws.adapters import AwsAccountSettings, AwsAdapters

NOBODY = AccountId("999988887777")


class Sources(Protocol):
    @property
    def ec2(self) -> EC2Source: ...
    @property
    def cloudwatch(self) -> CloudWatchSource: ...


@dataclass(frozen=True)
class Fakes:
    ec2: FakeEC2Source
    cloudwatch: FakeCloudWatchSource


@dataclass
class Subject:
    """Both sources, with three running instances, the first of which has a point of CPU."""

    sources: Sources
    ids: list[InstanceId]
    account: AccountId

    def ref(self, instance_id: InstanceId, *, account: AccountId | None = None) -> InstanceRef:
        return InstanceRef(account or self.account, REGION, instance_id)


@dataclass(frozen=True)
class Moto:
    url: str
    ids: list[InstanceId]


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    """Once for all tests: moto is slow, and nothing here changes it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    yield Moto(url, _launch_on_moto(url))
    server.stop()


@pytest.fixture(params=["fake", "simulator", "moto"])
async def subject(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Subject]:
    async with AsyncExitStack() as stack:
        if request.param == "fake":
            yield _fake()
        elif request.param == "simulator":
            scene: AwsScene = await stack.enter_async_context(aws_scene(monkeypatch, workers=3))
            yield Subject(scene.aws, scene.ids(), ACCOUNT)
        else:
            moto: Moto = request.getfixturevalue("moto")
            only_environment(
                monkeypatch,
                {"AWS_ENDPOINT_URL": moto.url, "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "test"},
            )
            aws = AwsAdapters([AwsAccountSettings(regions=[REGION])])
            stack.push_async_callback(aws.close)
            yield Subject(aws, moto.ids, (await aws.identity()).account_id)


def _fake() -> Subject:
    subject = Subject(Fakes(FakeEC2Source(), FakeCloudWatchSource()), [], ACCOUNT)
    assert isinstance(subject.sources, Fakes)
    for number in range(3):
        instance_id = InstanceId(f"i-{number:017x}")
        subject.ids.append(instance_id)
        tags = {"Name": f"cml-{number}", "cmlfleet:managed": "true"}
        subject.sources.ec2.instances[subject.ref(instance_id)] = running_instance(tags=tags)
    subject.sources.ec2.failures[NOBODY, REGION] = ec2_failure(ErrorCode.ACCESS_DENIED)
    for instance_id in subject.ids:
        denied = cloudwatch_failure(ErrorCode.ACCESS_DENIED)
        subject.sources.cloudwatch.facts[subject.ref(instance_id, account=NOBODY)] = denied
    subject.sources.cloudwatch.facts[subject.ref(subject.ids[0])] = utilization_fact()
    return subject


def _launch_on_moto(url: str) -> list[InstanceId]:
    session = boto3.Session(aws_access_key_id="AKIATEST", aws_secret_access_key="test", region_name=REGION)
    ec2: Any = session.client("ec2", endpoint_url=url)
    (image,) = ec2.describe_images(Owners=["amazon"])["Images"][:1]
    ids: list[InstanceId] = []
    for number in range(3):
        tags = [{"Key": "Name", "Value": f"cml-{number}"}, {"Key": "cmlfleet:managed", "Value": "true"}]
        launched = ec2.run_instances(
            ImageId=image["ImageId"],
            MinCount=1,
            MaxCount=1,
            InstanceType="m5.large",
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )
        ids.append(InstanceId(launched["Instances"][0]["InstanceId"]))
    cloudwatch: Any = session.client("cloudwatch", endpoint_url=url)
    point = {
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "InstanceId", "Value": ids[0]}],
        "Timestamp": datetime.now(UTC) - timedelta(minutes=2),
        "Value": 42.5,
    }
    cloudwatch.put_metric_data(Namespace="AWS/EC2", MetricData=[point])
    return ids


@pytest.mark.parametrize("max_age_seconds", [0.0, 60.0])
async def test_known_and_unknown_instances(subject: Subject, max_age_seconds: float):
    before = datetime.now(UTC)
    wanted = [*subject.ids, UNKNOWN_ID, OTHER_UNKNOWN_ID, InstanceId("banana")]

    facts = await asyncio.gather(
        *(subject.sources.ec2.read(subject.ref(each), max_age_seconds=max_age_seconds) for each in wanted)
    )

    for fact in map(instance, facts[:3]):
        assert fact.state == "running"
        assert fact.state_reason is None
        assert fact.tags["cmlfleet:managed"] == "true"
        assert fact.private_ip in fact.addresses
        assert fact.public_ip in fact.addresses
        assert fact.launched_at.tzinfo is not None
        assert fact.checks is not None
        assert (fact.checks.system, fact.checks.instance) == ("ok", "ok")
        assert fact.scheduled_events == ()
    assert {type(fact) for fact in facts[3:]} == {EC2AbsentFact}
    assert all(before <= fact.read_at <= datetime.now(UTC) for fact in facts)


async def test_the_sweep_holds_everything(subject: Subject):
    found = await subject.sources.ec2.sweep(subject.account, REGION, max_age_seconds=60)
    assert isinstance(found, Mapping)
    assert set(subject.ids) <= set(found)


async def test_finding_by_ids_and_tags(subject: Subject):
    async def found(**asked: Any) -> set[str]:
        answer: Any = await subject.sources.ec2.find(subject.account, REGION, **asked)
        assert all(fact.checks is None for fact in answer.values())
        return set(answer)

    first = subject.ids[0]
    assert await found(instance_ids=[first, UNKNOWN_ID, "banana"]) == {first}
    assert await found(tags={"cmlfleet:managed": "true"}) >= set(subject.ids)
    assert await found(tags={"cmlfleet:managed": "no"}) == set()
    assert await found(instance_ids=[first], tags={"cmlfleet:managed": "no"}) == set()
    assert await found() == set()


async def test_newest_points_and_none(subject: Subject):
    first, unknown = await asyncio.gather(
        *(
            subject.sources.cloudwatch.read(subject.ref(each), detailed_monitoring=False, max_age_seconds=0.0)
            for each in (subject.ids[0], UNKNOWN_ID)
        )
    )
    point = utilization(first).cpu
    assert point is not None
    assert 0 <= point.percent <= 100
    assert timedelta(0) < datetime.now(UTC) - point.at < timedelta(minutes=15)
    assert (utilization(unknown).cpu, utilization(unknown).memory) == (None, None)


async def test_a_failure_is_a_fact(subject: Subject):
    ref = subject.ref(subject.ids[0], account=NOBODY)

    said = failure(await subject.sources.ec2.read(ref, max_age_seconds=0))
    swept = failure(await subject.sources.ec2.sweep(NOBODY, REGION, max_age_seconds=60))
    found = failure(await subject.sources.ec2.find(NOBODY, REGION, instance_ids=[ref.instance_id]))
    metrics = failure(await subject.sources.cloudwatch.read(ref, detailed_monitoring=False, max_age_seconds=0.0))

    assert {each.code for each in (said, swept, found, metrics)} == {ErrorCode.ACCESS_DENIED}
    assert [each.source for each in (said, swept, found, metrics)] == [Source.EC2] * 3 + [Source.CLOUDWATCH]
    assert all(each.detail and each.operation for each in (said, swept, found, metrics))
