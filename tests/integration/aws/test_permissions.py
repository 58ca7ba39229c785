"""What IAM must allow, tried one by one."""

from tests.support.aws_scene import ACCOUNT, REGION, AwsScene

from cmlfleet.domain.identifiers import Region
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.permissions import PERMISSIONS
from cmlfleet.simulator.faults import FaultName


async def test_all_are_granted(scene: AwsScene):
    checks = await scene.aws.check_permissions(ACCOUNT, REGION)
    assert [check.permission for check in checks] == list(PERMISSIONS)
    assert {check.error_code for check in checks} == {None}


async def test_the_one_that_lacks_is_told(scene: AwsScene):
    for permission in PERMISSIONS:
        operation = permission.action.partition(":")[2]
        scene.faults.set(FaultName.DENIED, operation=operation)
        checks = await scene.aws.check_permissions(ACCOUNT, REGION)
        denied = [check for check in checks if check.error_code]
        assert [(check.permission, check.error_code) for check in denied] == [(permission, ErrorCode.ACCESS_DENIED)]
        assert f"no policy allows {permission.action}" in str(denied[0].detail)
        scene.faults.clear()


async def test_a_region_that_is_not_enabled(scene: AwsScene):
    checks = await scene.aws.check_permissions(ACCOUNT, Region("af-south-1"))
    assert {check.error_code for check in checks} == {ErrorCode.ACCESS_DENIED}


async def test_nothing_else_is_ever_called(scene: AwsScene):
    one = scene.ids()[0]
    await scene.read(one)
    await scene.read(one, max_age_seconds=60)
    await scene.metrics(one)
    await scene.aws.ec2.find(ACCOUNT, REGION, tags={"team": "training"})
    called = {
        f"{'cloudwatch' if key.service == 'monitoring' else key.service}:{key.operation}"
        for key in scene.server.ledger.counts()
    }
    assert called == {each.action for each in PERMISSIONS} | {"sts:GetCallerIdentity"}
