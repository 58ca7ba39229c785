"""Looking for instances by ids and by tags."""

from collections.abc import Mapping

import pytest
from tests.support.aws_scene import ACCOUNT, REGION, UNKNOWN_ID, AwsScene, aws_scene, failure

from cmlfleet.domain.facts import EC2InstanceFact, SourceFailure
from cmlfleet.domain.identifiers import InstanceId
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.simulator.faults import FaultName

Found = Mapping[InstanceId, EC2InstanceFact] | SourceFailure


async def test_by_ids_unknown_and_bad_ones_are_absent(scene: AwsScene):
    one, two = scene.ids()[:2]

    found = await scene.aws.ec2.find(ACCOUNT, REGION, instance_ids=[one, UNKNOWN_ID, InstanceId("banana"), two, one])

    assert _ids(found) == {one, two}


async def test_only_bad_ids_ask_nothing(scene: AwsScene):
    assert _ids(await scene.aws.ec2.find(ACCOUNT, REGION, instance_ids=[InstanceId("banana")])) == set()
    assert _ids(await scene.aws.ec2.find(ACCOUNT, REGION)) == set()
    assert _ids(await scene.aws.ec2.find(ACCOUNT, REGION, tags={})) == set()
    assert scene.calls("DescribeInstances") == 0


async def test_by_tags_that_must_all_match(scene: AwsScene):
    workers = [each.instance for each in scene.server.fleet.workers.values()]
    team = workers[0].tags["team"]
    expected = {each.instance_id for each in workers if each.tags["team"] == team}
    assert len(expected) < len(workers)

    found = await scene.aws.ec2.find(ACCOUNT, REGION, tags={"cmlfleet:managed": "true", "team": team})

    assert _ids(found) == expected
    assert _ids(await scene.aws.ec2.find(ACCOUNT, REGION, tags={"cmlfleet:managed": "false"})) == set()


async def test_a_value_with_wildcards_is_taken_literally(scene: AwsScene):
    assert _ids(await scene.aws.ec2.find(ACCOUNT, REGION, tags={"Name": "cml-*"})) == set()


async def test_by_ids_and_tags_both_must_fit(scene: AwsScene):
    one, two = list(scene.server.fleet.workers.values())[:2]
    name = {"Name": one.instance.tags["Name"]}
    ids = [InstanceId(each.instance.instance_id) for each in (one, two)]

    assert _ids(await scene.aws.ec2.find(ACCOUNT, REGION, instance_ids=ids, tags=name)) == {ids[0]}


async def test_tags_in_pages(monkeypatch: pytest.MonkeyPatch):
    async with aws_scene(monkeypatch, workers=1100) as scene:
        found = await scene.aws.ec2.find(ACCOUNT, REGION, tags={"cmlfleet:managed": "true"})

        assert len(_ids(found)) == 1100
        assert scene.calls("DescribeInstances") == 2


async def test_a_failure_is_a_fact(scene: AwsScene):
    scene.faults.set(FaultName.DENIED, operation="DescribeInstances")

    by_ids = await scene.aws.ec2.find(ACCOUNT, REGION, instance_ids=scene.ids())
    by_tags = await scene.aws.ec2.find(ACCOUNT, REGION, tags={"team": "x"})

    for said in (failure(by_ids), failure(by_tags)):
        assert said.code is ErrorCode.ACCESS_DENIED
        assert said.operation == "ec2:DescribeInstances"


def _ids(found: Found) -> set[str]:
    assert not isinstance(found, SourceFailure), found
    return set(found)
