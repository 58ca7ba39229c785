"""EC2's facts, read anew and from the sweep."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.aws_scene import ACCOUNT, OTHER_UNKNOWN_ID, REGION, UNKNOWN_ID, AwsScene, aws_scene, instance

from cmlfleet.domain.facts import EC2AbsentFact, EC2Checks, EC2InstanceFact
from cmlfleet.simulator.cloud.instance import InstanceState
from cmlfleet.simulator.faults import FaultName


async def test_what_is_read_of_an_instance(scene: AwsScene):
    before = datetime.now(UTC)
    worker = next(iter(scene.server.fleet.workers.values())).instance

    fact = instance(await scene.read(worker.instance_id))

    assert fact.state == "running"
    assert fact.state_reason is None
    assert fact.instance_type == worker.instance_type.name
    assert fact.image_id == worker.image_id
    assert fact.availability_zone == worker.availability_zone
    assert fact.launched_at == worker.launched_at.replace(microsecond=0)
    assert (fact.private_ip, fact.public_ip) == (worker.private_ip, worker.public_ip)
    assert set(fact.addresses) == {worker.private_ip, worker.public_ip}
    assert fact.tags == worker.tags
    assert fact.detailed_monitoring is worker.detailed_monitoring
    assert fact.checks == EC2Checks(system="ok", instance="ok", ebs="ok")
    assert fact.scheduled_events == ()
    assert before <= fact.read_at <= datetime.now(UTC)
    assert fact.duration_ms > 0


async def test_an_elastic_address_is_told_from_an_assigned_one(scene: AwsScene):
    workers = [each.instance for each in scene.server.fleet.workers.values()]

    facts = [instance(await scene.read(each.instance_id, max_age_seconds=60)) for each in workers]

    assert [fact.public_ip_is_elastic for fact in facts] == [each.elastic_ip is not None for each in workers]
    assert {fact.public_ip_is_elastic for fact in facts} == {True, False}


async def test_a_fresh_reading_asks_anew_each_time(scene: AwsScene):
    one = scene.ids()[0]
    first, second = instance(await scene.read(one)), instance(await scene.read(one))

    assert second.read_at > first.read_at
    assert scene.calls("DescribeInstances") == 2


async def test_the_sweep_is_shared_until_it_is_too_old(scene: AwsScene):
    facts = await asyncio.gather(*(scene.read(each, max_age_seconds=60) for each in scene.ids()))
    assert {type(fact) for fact in facts} == {EC2InstanceFact}
    assert scene.calls("DescribeInstances") == scene.calls("DescribeInstanceStatus") == 1
    assert instance(facts[0]).checks is not None

    scene.clock.jumped_seconds += 30
    await scene.read(scene.ids()[0], max_age_seconds=60)
    assert scene.calls("DescribeInstances") == 1
    scene.clock.jumped_seconds += 30
    await scene.read(scene.ids()[0], max_age_seconds=60)
    assert scene.calls("DescribeInstances") == 2


async def test_a_sweep_that_shows_another_state_says_so_and_one_that_does_not_is_silent(scene: AwsScene):
    async def sweep() -> int:
        before = len(scene.states_changed)
        scene.clock.jumped_seconds += 60
        await scene.aws.ec2.sweep(ACCOUNT, REGION, max_age_seconds=30)
        return len(scene.states_changed) - before

    assert [await sweep(), await sweep()] == [1, 0]
    scene.server.fleet.worker("cml-worker-00001").instance.enter(InstanceState.STOPPED)
    assert [await sweep(), await sweep()] == [1, 0]
    scene.faults.set(FaultName.VANISHED, worker="cml-worker-00002")
    assert [await sweep(), await sweep()] == [1, 0]
    scene.faults.set(FaultName.DENIED)
    assert await sweep() == 0
    assert scene.states_changed[0] == (ACCOUNT, REGION)


@pytest.mark.parametrize("max_age_seconds", [0.0, 60.0])
async def test_an_unknown_instance_is_absent_and_harms_nobody(scene: AwsScene, max_age_seconds: float):
    wanted = [*scene.ids(), UNKNOWN_ID, OTHER_UNKNOWN_ID]

    facts = await asyncio.gather(*(scene.read(each, max_age_seconds=max_age_seconds) for each in wanted))

    assert {type(fact) for fact in facts[:-2]} == {EC2InstanceFact}
    assert {type(fact) for fact in facts[-2:]} == {EC2AbsentFact}
    assert all(instance(fact).checks for fact in facts[:-2])


async def test_what_is_no_id_is_never_sent(scene: AwsScene):
    assert isinstance(await scene.read("banana"), EC2AbsentFact)
    assert isinstance(await scene.read("i-XYZ", max_age_seconds=60), EC2AbsentFact)
    assert scene.calls("DescribeInstances") == 0


@pytest.mark.parametrize("max_age_seconds", [0.0, 60.0])
async def test_an_instance_that_a_service_of_aws_manages_is_seen(scene: AwsScene, max_age_seconds: float):
    scene.faults.set(FaultName.MANAGED)

    fact = instance(await scene.read(scene.ids()[0], max_age_seconds=max_age_seconds))

    assert fact.checks is not None


async def test_a_vanished_instance_is_absent(scene: AwsScene):
    gone, other = scene.ids()[:2]
    scene.faults.set(FaultName.VANISHED, worker=gone)

    facts = await asyncio.gather(scene.read(gone), scene.read(other))

    assert isinstance(facts[0], EC2AbsentFact)
    assert instance(facts[1]).checks is not None


async def test_five_hundred_at_once_are_one_call(monkeypatch: pytest.MonkeyPatch):
    async with aws_scene(monkeypatch, workers=520) as scene:
        wanted = [*scene.ids()[:500], UNKNOWN_ID]

        facts = await asyncio.gather(*(scene.read(each) for each in wanted))

        assert {type(fact) for fact in facts[:500]} == {EC2InstanceFact}
        assert isinstance(facts[500], EC2AbsentFact)
        assert all(instance(fact).checks for fact in facts[:500])
        assert scene.calls("DescribeInstances", outcome="ok") == 1
        assert scene.calls("DescribeInstances") == 2  # the first named the unknown id
        assert scene.calls("DescribeInstanceStatus") <= 6

        scene.server.ledger.reset()
        await asyncio.gather(*(scene.read(each) for each in scene.ids()[:500]))
        assert scene.calls("DescribeInstances") == 1


@pytest.mark.parametrize(("count", "calls"), [(200, 1), (201, 1), (300, 1)])
async def test_filters_and_ids_stay_within_the_limits(monkeypatch: pytest.MonkeyPatch, count: int, calls: int):
    async with aws_scene(monkeypatch, workers=300) as scene:
        facts = await asyncio.gather(*(scene.read(each) for each in scene.ids()[:count]))

        assert {type(fact) for fact in facts} == {EC2InstanceFact}
        assert scene.calls("DescribeInstances", outcome="ok") == scene.calls("DescribeInstances") == calls
        assert scene.calls("DescribeInstanceStatus", outcome="ok") == scene.calls("DescribeInstanceStatus")


async def test_a_sweep_follows_the_pages(monkeypatch: pytest.MonkeyPatch):
    async with aws_scene(monkeypatch, workers=1100) as scene:
        found = await scene.aws.ec2.sweep(scene.ref("x").account_id, scene.ref("x").region, max_age_seconds=60)

        assert isinstance(found, dict)
        assert list(found) == scene.ids()
        assert all(fact.checks for fact in found.values())
        assert scene.calls("DescribeInstances") == scene.calls("DescribeInstanceStatus") == 2


async def test_transitions_are_seen(scene: AwsScene):
    one = scene.ids()[0]
    region = scene.server.world.region(account_id=scene.ref(one).account_id, name=scene.ref(one).region)
    region.stop([one])

    stopping = instance(await scene.read(one))
    assert stopping.state == "stopping"
    assert stopping.state_reason is not None
    assert stopping.state_reason.startswith("Client.UserInitiatedShutdown: User initiated shutdown; User initiated (")
    scene.server.clock.advance(60)
    stopped = instance(await scene.read(one))
    assert stopped.state == "stopped"
    region.terminate([one])
    assert instance(await scene.read(one)).state == "shutting-down"


async def test_retirement_and_impaired_checks(scene: AwsScene):
    one = scene.ids()[0]
    scene.faults.set(FaultName.CHECKS_IMPAIRED, worker=one)
    scene.faults.set(FaultName.SCHEDULED_RETIREMENT, worker=one, parameters={"days": 5})

    fact = instance(await scene.read(one))

    assert fact.checks == EC2Checks(system="ok", instance="impaired", ebs="ok")
    assert fact.scheduled_events is not None
    (event,) = fact.scheduled_events
    assert event.code == "instance-retirement"
    assert event.not_before is not None
    assert timedelta(days=4) < event.not_before - datetime.now(UTC) <= timedelta(days=5, seconds=1)


async def test_an_answer_without_tags_is_passed_on(scene: AwsScene):
    one = scene.ids()[0]
    scene.faults.set(FaultName.TAGS_MISSING, worker=one, times=1)

    assert instance(await scene.read(one)).tags == {}
    assert instance(await scene.read(one)).tags != {}


async def test_a_caller_that_gives_up_changes_nothing_for_the_others(scene: AwsScene):
    one, two, three = scene.ids()[:3]
    readings = [asyncio.create_task(scene.read(each)) for each in (one, two, two, three)]
    await asyncio.sleep(0)
    readings[0].cancel()
    readings[1].cancel()

    facts = await asyncio.gather(*readings, return_exceptions=True)

    assert [type(fact) for fact in facts] == [
        asyncio.CancelledError,
        asyncio.CancelledError,
        EC2InstanceFact,
        EC2InstanceFact,
    ]
    assert scene.calls("DescribeInstances") == 1


async def test_a_sweep_goes_on_when_its_first_caller_gives_up(scene: AwsScene):
    one = scene.ids()[0]
    first = asyncio.create_task(scene.read(one, max_age_seconds=60))
    second = asyncio.create_task(scene.read(one, max_age_seconds=60))
    await asyncio.sleep(0)
    first.cancel()

    assert instance(await second).state == "running"
    assert scene.calls("DescribeInstances") == 1
