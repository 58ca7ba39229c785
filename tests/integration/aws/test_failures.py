"""What AWS does wrong is a fact, with the right code, on those workers alone."""

import asyncio

import pytest
from tests.support.aws_scene import ACCOUNT, REGION, SHORT_LIMITS, AwsScene, aws_scene, failure, instance, utilization
from tests.support.waiting import until

from cmlfleet.domain.facts import EC2InstanceFact, SourceFailure
from cmlfleet.domain.identifiers import Region
from cmlfleet.domain.sources import ErrorCode, Source
from cmlfleet.integration.aws.adapters import AwsAccountSettings, AwsLimits
from cmlfleet.simulator.faults import FaultName

WEST = Region("us-west-2")
PATIENT_LIMITS = AwsLimits(call_seconds=4.0)  # whoever hangs still does when everybody else is done

LASTING = [
    (FaultName.DENIED, ErrorCode.ACCESS_DENIED),
    (FaultName.EXPIRED_CREDENTIALS, ErrorCode.ACCESS_DENIED),
    (FaultName.OPT_IN_REQUIRED, ErrorCode.ACCESS_DENIED),
    (FaultName.DEAD_REGION, ErrorCode.UNREACHABLE),
    (FaultName.CLOUD_INTERNAL_ERROR, ErrorCode.INTERNAL),
    (FaultName.CLOUD_UNAVAILABLE, ErrorCode.INTERNAL),
    (FaultName.CLOUD_BROKEN_XML, ErrorCode.BAD_RESPONSE),
    (FaultName.CLOUD_HTML, ErrorCode.BAD_RESPONSE),
]
RETRIED = (ErrorCode.UNREACHABLE, ErrorCode.INTERNAL)


@pytest.mark.parametrize(("fault", "code"), LASTING)
@pytest.mark.parametrize("max_age_seconds", [0.0, 60.0])
async def test_ec2_says_what_is_wrong_and_recovers(
    scene: AwsScene, fault: FaultName, code: ErrorCode, max_age_seconds: float
):
    one, two = scene.ids()[:2]
    scene.faults.set(fault, operation="DescribeInstances")

    facts = await asyncio.gather(*(scene.read(each, max_age_seconds=max_age_seconds) for each in (one, two)))

    for fact in map(failure, facts):
        assert (fact.source, fact.code, fact.operation) == (Source.EC2, code, "ec2:DescribeInstances")
        assert fact.detail
        assert fact.duration_ms > 0
    scene.faults.clear()
    assert instance(await scene.read(one)).state == "running"


@pytest.mark.parametrize(("fault", "code"), LASTING)
async def test_cloudwatch_says_what_is_wrong_and_recovers(scene: AwsScene, fault: FaultName, code: ErrorCode):
    one = scene.ids()[0]
    scene.faults.set(fault, operation="GetMetricData")

    fact = failure(await scene.metrics(one))

    assert (fact.source, fact.code, fact.operation) == (Source.CLOUDWATCH, code, "cloudwatch:GetMetricData")
    scene.faults.clear()
    assert utilization(await scene.metrics(one)).cpu is not None


@pytest.mark.parametrize(("fault", "code"), LASTING)
async def test_only_what_may_pass_is_tried_again(scene: AwsScene, fault: FaultName, code: ErrorCode):
    scene.faults.set(fault, operation="GetMetricData")
    await scene.metrics(scene.ids()[0])

    refreshed_once = fault is FaultName.EXPIRED_CREDENTIALS
    assert scene.calls("GetMetricData") == (3 if code in RETRIED else 2 if refreshed_once else 1)


PASSING = [FaultName.CLOUD_INTERNAL_ERROR, FaultName.CLOUD_UNAVAILABLE, FaultName.DEAD_REGION]


@pytest.mark.parametrize("fault", PASSING)
async def test_what_passes_is_not_noticed(scene: AwsScene, fault: FaultName):
    scene.faults.set(fault, operation="DescribeInstances", times=2)
    assert instance(await scene.read(scene.ids()[0])).state == "running"


async def test_a_denial_names_the_permission_and_who_lacks_it(scene: AwsScene):
    scene.faults.set(FaultName.DENIED, operation="DescribeInstances")
    fact = failure(await scene.read(scene.ids()[0]))
    assert fact.detail == f"no policy allows ec2:DescribeInstances for arn:aws:iam::{ACCOUNT}:user/cmlfleet"


async def test_a_region_that_is_not_enabled_says_so(scene: AwsScene):
    fact = failure(await scene.read(scene.ids()[0], region="af-south-1"))
    assert fact.code is ErrorCode.ACCESS_DENIED
    assert fact.detail == f"the region af-south-1 is not enabled for the account {ACCOUNT} (OptInRequired)"


async def test_a_denied_status_leaves_the_instance(scene: AwsScene, capsys: pytest.CaptureFixture[str]):
    scene.faults.set(FaultName.DENIED, operation="DescribeInstanceStatus")

    for max_age_seconds in (0.0, 60.0, 0.0):
        fact = instance(await scene.read(scene.ids()[0], max_age_seconds=max_age_seconds))
        assert fact.state == "running"
        assert (fact.checks, fact.scheduled_events) == (None, None)

    assert scene.calls("DescribeInstanceStatus") == 1  # a denial does not pass within a minute
    scene.faults.clear()
    scene.clock.jumped_seconds += 61
    assert instance(await scene.read(scene.ids()[0])).checks is not None
    said = capsys.readouterr().out
    assert said.count("instance_status_unknown") == said.count("instance_status_known_again") == 1


async def test_a_status_that_hangs_delays_one_reading_only(monkeypatch: pytest.MonkeyPatch):
    async with aws_scene(monkeypatch, workers=2, limits=SHORT_LIMITS) as scene:
        scene.faults.set(FaultName.HANGING_REGION, operation="DescribeInstanceStatus")
        assert instance(await scene.read(scene.ids()[0])).checks is None

        asked = scene.calls("DescribeInstanceStatus")
        assert instance(await scene.read(scene.ids()[0])).checks is None
        assert scene.calls("DescribeInstanceStatus") == asked, "the next reading waits for it too"


async def test_a_list_that_names_a_purged_instance_is_asked_again(scene: AwsScene):
    scene.faults.set(FaultName.PURGED_BETWEEN_PAGES, operation="DescribeInstances", times=2)
    assert instance(await scene.read(scene.ids()[0], max_age_seconds=60)).state == "running"


async def test_a_hanging_region_ends_in_time_and_slows_nobody(monkeypatch: pytest.MonkeyPatch):
    async with aws_scene(monkeypatch, workers=16, scenario_name="multi", limits=PATIENT_LIMITS) as scene:
        await scene.aws.identity()
        scene.faults.set(FaultName.HANGING_REGION, region=REGION)
        hanging = [
            asyncio.create_task(scene.read(each, max_age_seconds=age)) for each in scene.ids() for age in (0, 60)
        ]
        await until(lambda: scene.calls("DescribeInstances", outcome="hanging") >= 2)

        for each in scene.ids(WEST):
            assert isinstance(await scene.read(each, region=WEST), EC2InstanceFact)
        assert not any(task.done() for task in hanging)

        for fact in map(failure, await asyncio.gather(*hanging)):
            assert fact.code is ErrorCode.TIMEOUT
            assert fact.detail == "ec2:DescribeInstances: no answer within 4 s"


@pytest.mark.parametrize("fault", [FaultName.HANGING_REGION, FaultName.DEAD_REGION])
async def test_a_start_while_the_first_region_is_down(monkeypatch: pytest.MonkeyPatch, fault: FaultName):
    accounts = [AwsAccountSettings(regions=[REGION, WEST])]
    async with aws_scene(
        monkeypatch, workers=16, scenario_name="multi", limits=SHORT_LIMITS, accounts=accounts
    ) as scene:
        scene.faults.set(fault, region=REGION)
        assert instance(await scene.read(scene.ids(WEST)[0], region=WEST)).state == "running"


async def test_nobody_listens(monkeypatch: pytest.MonkeyPatch):
    async with aws_scene(monkeypatch, workers=1) as scene:
        one = scene.ids()[0]
        await scene.server.stop()
        fact = failure(await scene.read(one))
        assert fact.code is ErrorCode.UNREACHABLE


async def test_a_failed_sweep_is_shared_and_not_repeated_at_once(scene: AwsScene):
    scene.faults.set(FaultName.DENIED, operation="DescribeInstances")
    for each in scene.ids():
        assert failure(await scene.read(each, max_age_seconds=60)).code is ErrorCode.ACCESS_DENIED
    assert scene.calls("DescribeInstances") == 1
    for kept_seconds, calls in ((10, 2), (20, 3), (40, 4), (60, 5), (60, 6)):
        scene.clock.jumped_seconds += kept_seconds / 2
        for _ in range(2):
            fact = await scene.aws.ec2.sweep(ACCOUNT, REGION, max_age_seconds=60)
            assert failure(fact).code is ErrorCode.ACCESS_DENIED
        assert scene.calls("DescribeInstances") == calls - 1
        scene.clock.jumped_seconds += kept_seconds / 2
        assert failure(await scene.aws.ec2.sweep(ACCOUNT, REGION, max_age_seconds=60)).code is ErrorCode.ACCESS_DENIED
        assert scene.calls("DescribeInstances") == calls
    scene.faults.clear()
    scene.clock.jumped_seconds += 60
    assert not isinstance(await scene.aws.ec2.sweep(ACCOUNT, REGION, max_age_seconds=60), SourceFailure)


class TestOutageOfAZone:
    """EC2 then fails lists as a whole; `us-east-1a` is the bad zone."""

    async def test_the_others_are_read_by_their_zones(self, scene: AwsScene):
        bad, good = self._by_zone(scene)
        scene.faults.set(FaultName.AZ_OUTAGE)

        for each in bad:
            assert failure(await scene.read(each, max_age_seconds=60)).code is ErrorCode.INTERNAL
        for each in good:
            assert instance(await scene.read(each, max_age_seconds=60)).state == "running"

    async def test_a_list_that_is_not_whole_is_a_failure(self, scene: AwsScene):
        scene.faults.set(FaultName.AZ_OUTAGE)
        assert failure(await scene.aws.ec2.sweep(ACCOUNT, REGION, max_age_seconds=60)).code is ErrorCode.INTERNAL

    async def test_fresh_readings_are_split_by_what_is_known_of_their_zones(self, scene: AwsScene):
        bad, good = self._by_zone(scene)
        await scene.aws.ec2.sweep(ACCOUNT, REGION, max_age_seconds=60)
        scene.faults.set(FaultName.AZ_OUTAGE)

        facts = await asyncio.gather(*(scene.read(each) for each in (*bad, *good)))

        assert {failure(fact).code for fact in facts[: len(bad)]} == {ErrorCode.INTERNAL}
        assert {instance(fact).state for fact in facts[len(bad) :]} == {"running"}

    def _by_zone(self, scene: AwsScene) -> tuple[list[str], list[str]]:
        instances = [each.instance for each in scene.server.fleet.workers.values()]
        bad = [each.instance_id for each in instances if each.availability_zone == "us-east-1a"]
        good = [each.instance_id for each in instances if each.availability_zone != "us-east-1a"]
        assert bad
        assert good
        return bad, good
