"""Whose credentials sign, where the endpoints are, and what becomes of credentials that fail."""

import asyncio
import threading
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import time_machine
from botocore.config import Config
from tests.support.aws_scene import ACCOUNT, REGION, AwsScene, aws_scene, failure, instance, only_environment
from tests.support.files_written import files_written
from tests.support.waiting import until

from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.adapters import AwsAccountSettings, AwsAdapters, AwsCallError, AwsLimits
from cmlfleet.integration.aws.service_call import AwsService
from cmlfleet.integration.aws.sessions import SharedSession
from cmlfleet.simulator.faults import FaultName
from cmlfleet.simulator.plans import SECOND_ACCOUNT

SECOND = AccountId(SECOND_ACCOUNT.account_id)
ROLE = f"arn:aws:iam::{SECOND}:role/cmlfleet-monitor"
TWO_ACCOUNTS = (
    AwsAccountSettings(regions=[REGION]),
    AwsAccountSettings(account_id=SECOND, regions=[REGION], role_arn=ROLE, external_id=SECOND_ACCOUNT.external_id),
)


@pytest.fixture
async def two_accounts(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AwsScene]:
    async with aws_scene(monkeypatch, accounts=TWO_ACCOUNTS, workers=32, scenario_name="multi") as scene:
        yield scene


async def _read(scene: AwsScene, account_id: AccountId, *, max_age_seconds: float = 0.0):
    one = scene.ids(REGION, account_id)[0]
    return await scene.aws.ec2.read(scene.ref(one, account_id=account_id), max_age_seconds=max_age_seconds)


async def test_the_default_account_is_found_once(scene: AwsScene):
    assert scene.calls("GetCallerIdentity") == 0

    identities = await asyncio.gather(*(scene.aws.identity() for _ in range(5)))

    assert {each.account_id for each in identities} == {ACCOUNT}
    assert identities[0].arn == f"arn:aws:iam::{ACCOUNT}:user/cmlfleet"
    await scene.read(scene.ids()[0])
    assert scene.calls("GetCallerIdentity") == 1


async def test_an_account_whose_id_is_given_needs_no_sts(monkeypatch: pytest.MonkeyPatch):
    accounts = [AwsAccountSettings(account_id=ACCOUNT, regions=[REGION])]
    async with aws_scene(monkeypatch, accounts=accounts, workers=1) as scene:
        assert instance(await scene.read(scene.ids()[0])).state == "running"
        assert scene.calls("GetCallerIdentity") == 0


async def test_sts_that_fails_is_asked_again_later(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cmlfleet.integration.aws.accounts._FAILURE_KEPT_SECONDS", 0.0)
    async with aws_scene(monkeypatch, workers=1) as scene:
        scene.faults.set(FaultName.CLOUD_UNAVAILABLE, operation="GetCallerIdentity")
        with pytest.raises(AwsCallError) as caught:
            await scene.aws.identity()
        assert (caught.value.code, caught.value.operation) == (ErrorCode.INTERNAL, "sts:GetCallerIdentity")
        scene.faults.clear()
        assert (await scene.aws.identity()).account_id == ACCOUNT


async def test_all_accounts_share_one_session_and_its_data(two_accounts: AwsScene, monkeypatch: pytest.MonkeyPatch):
    """Each session with a data loader of its own costs 24 MB and a quarter of a second."""
    made: list[SharedSession] = []
    make = SharedSession.__init__

    def counted(self: SharedSession, *, limits: AwsLimits) -> None:
        made.append(self)
        make(self, limits=limits)

    monkeypatch.setattr(SharedSession, "__init__", counted)
    for account_id in (ACCOUNT, SECOND):
        assert instance(await _read(two_accounts, account_id)).state == "running"
    assert len(made) == 1


async def test_botocores_retries_are_set_and_not_left_to_its_version(scene: AwsScene):
    """Legacy with five attempts up to 1.43, standard with three and a quota from 1.44 on."""
    client: Any = SharedSession(limits=AwsLimits()).sts(REGION)
    assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 2}


async def test_an_account_that_nobody_configured(scene: AwsScene):
    fact = failure(await scene.aws.ec2.read(scene.ref(scene.ids()[0], account_id="999988887777"), max_age_seconds=0))
    assert fact.code is ErrorCode.ACCESS_DENIED
    assert fact.detail == "no AWS credentials are configured for the account 999988887777"


async def test_only_one_account_may_be_without_id():
    with pytest.raises(ValueError, match="only one AWS account may be without id"):
        AwsAdapters([AwsAccountSettings(), AwsAccountSettings()])


async def test_a_role_is_assumed_once_for_all_regions(two_accounts: AwsScene):
    west = Region("us-west-2")
    facts = await asyncio.gather(
        _read(two_accounts, ACCOUNT),
        _read(two_accounts, SECOND),
        two_accounts.aws.ec2.read(
            two_accounts.ref(two_accounts.ids(west, SECOND)[0], region=west, account_id=SECOND), max_age_seconds=0
        ),
    )
    assert [instance(fact).state for fact in facts] == ["running"] * 3
    assert two_accounts.calls("AssumeRole") == 1
    identity = await two_accounts.aws.identity(SECOND)
    assert identity.arn == f"arn:aws:sts::{SECOND}:assumed-role/cmlfleet-monitor/cmlfleet"


async def test_a_role_that_may_not_be_assumed_leaves_the_other_account(monkeypatch: pytest.MonkeyPatch):
    wrong = AwsAccountSettings(account_id=SECOND, regions=[REGION], role_arn=ROLE, external_id="wrong")
    async with aws_scene(monkeypatch, accounts=(TWO_ACCOUNTS[0], wrong), workers=32, scenario_name="multi") as scene:
        facts = await asyncio.gather(*(_read(scene, SECOND) for _ in range(5)), _read(scene, ACCOUNT))

        user = f"arn:aws:iam::{ACCOUNT}:user/cmlfleet"
        for fact in map(failure, facts[:5]):
            assert (fact.code, fact.operation) == (ErrorCode.ACCESS_DENIED, "sts:AssumeRole")
            assert fact.detail == f"no policy allows sts:AssumeRole for {user} (role {ROLE})"
        assert instance(facts[5]).state == "running"
        assert failure(await _read(scene, SECOND, max_age_seconds=60)).code is ErrorCode.ACCESS_DENIED
        assert scene.calls("AssumeRole") == 1


async def test_a_role_that_hangs_slows_nobody(monkeypatch: pytest.MonkeyPatch):
    limits = AwsLimits(connect_seconds=1, call_seconds=1, total_seconds=2)
    async with aws_scene(
        monkeypatch, accounts=TWO_ACCOUNTS, limits=limits, workers=32, scenario_name="multi"
    ) as scene:
        await scene.aws.identity()
        scene.faults.set(FaultName.HANGING_REGION, operation="AssumeRole")
        hanging = asyncio.create_task(_read(scene, SECOND))
        assert instance(await _read(scene, ACCOUNT)).state == "running"
        assert not hanging.done()
        assert failure(await hanging).code is ErrorCode.TIMEOUT


async def test_expired_credentials_are_replaced_once(two_accounts: AwsScene):
    assert instance(await _read(two_accounts, SECOND)).state == "running"
    two_accounts.faults.set(FaultName.EXPIRED_CREDENTIALS, account=SECOND, operation="DescribeInstances", times=1)

    assert instance(await _read(two_accounts, SECOND)).state == "running"
    assert two_accounts.calls("AssumeRole") == 2

    two_accounts.faults.set(FaultName.EXPIRED_CREDENTIALS, account=SECOND, operation="DescribeInstances")
    fact = failure(await _read(two_accounts, SECOND))
    assert fact.code is ErrorCode.ACCESS_DENIED
    assert f"the credentials of the account {SECOND} have expired" in fact.detail
    assert two_accounts.calls("DescribeInstances", outcome="RequestExpired") == 3
    assert instance(await _read(two_accounts, ACCOUNT)).state == "running"


async def test_a_roles_credentials_that_ran_out(two_accounts: AwsScene):
    """The simulator's hour is over, the machine's is not: AWS's word counts."""
    assert instance(await _read(two_accounts, SECOND)).state == "running"
    two_accounts.server.clock.advance(3700)
    assert instance(await _read(two_accounts, SECOND)).state == "running"
    assert two_accounts.calls("AssumeRole") == 2


async def test_a_roles_credentials_are_renewed_before_they_expire(two_accounts: AwsScene):
    assert instance(await _read(two_accounts, SECOND)).state == "running"
    with _later(two_accounts, seconds=50 * 60):
        assert instance(await _read(two_accounts, SECOND)).state == "running"
    assert two_accounts.calls("AssumeRole") == 2
    assert two_accounts.calls("DescribeInstances", outcome="RequestExpired") == 0


async def test_credentials_that_cannot_be_renewed_are_used_until_they_expire(two_accounts: AwsScene):
    assert instance(await _read(two_accounts, SECOND)).state == "running"
    two_accounts.faults.set(FaultName.CLOUD_UNAVAILABLE, operation="AssumeRole")
    with _later(two_accounts, seconds=50 * 60):
        assert instance(await _read(two_accounts, SECOND)).state == "running"
    with _later(two_accounts, seconds=11 * 60):
        assert failure(await _read(two_accounts, SECOND)).operation == "sts:AssumeRole"


@contextmanager
def _later(scene: AwsScene, *, seconds: float) -> Generator[None]:
    """AWS's time, this machine's, and the adapters' own clock."""
    scene.server.clock.advance(seconds)
    scene.clock.jumped_seconds += seconds
    with time_machine.travel(scene.server.clock.now(), tick=True):
        yield


async def test_no_credentials_are_written_anywhere(two_accounts: AwsScene):
    """No file is opened to be written, by whatever means, from the first look for credentials on."""
    with files_written() as written:
        assert instance(await _read(two_accounts, ACCOUNT)).state == "running"
        assert instance(await _read(two_accounts, SECOND)).state == "running"
        two_accounts.server.clock.advance(3700)
        assert instance(await _read(two_accounts, SECOND)).state == "running"
    assert two_accounts.calls("AssumeRole") == 2
    assert written == []


async def test_no_credentials_at_all(scene: AwsScene, monkeypatch: pytest.MonkeyPatch):
    only_environment(monkeypatch, {"AWS_ENDPOINT_URL": scene.server.aws_url})
    fact = failure(await scene.read(scene.ids()[0]))
    assert fact.code is ErrorCode.ACCESS_DENIED
    assert "Unable to locate credentials" in fact.detail


async def test_a_profile_that_does_not_exist(scene: AwsScene, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    fact = failure(await scene.read(scene.ids()[0]))
    assert fact.code is ErrorCode.ACCESS_DENIED
    assert "nobody" in fact.detail


async def test_wrong_credentials(scene: AwsScene, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAWRONG")
    with pytest.raises(AwsCallError) as caught:
        await scene.aws.identity()
    assert caught.value.code is ErrorCode.ACCESS_DENIED
    assert "does not accept the credentials" in caught.value.detail


async def test_nothing_blocks_the_event_loop(scene: AwsScene):
    """Whatever of botocore may block runs in its own threads."""
    await scene.read(scene.ids()[0])
    assert any(thread.name.startswith("aws-credentials") for thread in threading.enumerate())


async def test_what_the_configuration_leaves_open_is_learned(monkeypatch: pytest.MonkeyPatch):
    accounts = [AwsAccountSettings(), AwsAccountSettings(account_id=SECOND, regions=[REGION, Region("eu-west-1")])]
    async with aws_scene(monkeypatch, accounts=accounts, workers=1) as scene:
        named = [(SECOND, REGION), (SECOND, Region("eu-west-1"))]
        assert scene.aws.scopes() == named
        failures: list[AwsCallError] = []
        await scene.aws.learn_accounts(failures.append)
        assert failures == []
        assert scene.aws.scopes() == [(ACCOUNT, REGION), *named]


async def test_an_unknown_account_is_tried_again_and_told_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("cmlfleet.integration.aws.accounts._FAILURE_KEPT_SECONDS", 0.0)
    monkeypatch.setattr("cmlfleet.integration.aws.adapters._LEARN_AGAIN_SECONDS", 0.01)
    async with aws_scene(monkeypatch, workers=1) as scene:
        scene.faults.set(FaultName.EXPIRED_CREDENTIALS, operation="GetCallerIdentity")
        failures: list[AwsCallError] = []
        learning = asyncio.create_task(scene.aws.learn_accounts(failures.append))
        await until(lambda: scene.calls("GetCallerIdentity") >= 3)
        assert scene.aws.scopes() == []
        scene.faults.clear()
        await learning
        assert {failure.code for failure in failures} == {ErrorCode.ACCESS_DENIED}
        assert scene.aws.scopes() == [(ACCOUNT, REGION)]
    assert capsys.readouterr().out.count("aws_account_unknown") == 1


async def test_the_default_region(scene: AwsScene, monkeypatch: pytest.MonkeyPatch):
    assert await scene.aws.default_region() == REGION
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    assert await scene.aws.default_region() == "eu-west-2"


async def test_own_credentials_that_expired_are_looked_up_again_for_the_role(
    two_accounts: AwsScene, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("cmlfleet.integration.aws.accounts._FAILURE_KEPT_SECONDS", 0.0)
    right = two_accounts.server.environment()["AWS_ACCESS_KEY_ID"]
    two_accounts.faults.set(FaultName.EXPIRED_CREDENTIALS, operation="AssumeRole", times=1)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", right)
    fact = failure(await _read(two_accounts, SECOND))
    assert (fact.code, fact.operation) == (ErrorCode.ACCESS_DENIED, "sts:AssumeRole")
    assert instance(await _read(two_accounts, SECOND)).state == "running"


ENDPOINTS = [
    ("us-east-1", {}),
    ("cn-north-1", {}),
    ("us-gov-west-1", {}),
    ("eusc-de-east-1", {}),
    ("us-east-1", {"AWS_USE_FIPS_ENDPOINT": "true"}),
    ("us-gov-west-1", {"AWS_USE_FIPS_ENDPOINT": "true"}),
    ("eu-west-1", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}),
    ("us-east-1", {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}),
    ("eu-west-1", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}),
    ("eu-west-1", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_EC2": "http://127.0.0.1:2/ec2"}),
    ("eu-west-1", {"AWS_ENDPOINT_URL_CLOUDWATCH": "http://127.0.0.1:3"}),
    ("eu-west-1", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}),
]


@pytest.mark.parametrize(("region", "environment"), ENDPOINTS)
def test_endpoints_are_those_of_botocores_whole_clients(
    monkeypatch: pytest.MonkeyPatch, region: str, environment: dict[str, str]
):
    """botocore's rule sets tell where a whole client would send its call; ours is told without EC2's large model."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "test"}
    only_environment(monkeypatch, {**keys, **environment})
    shared = SharedSession(limits=AwsLimits())
    for service, operation in ((AwsService.EC2, "describe_instances"), (AwsService.CLOUDWATCH, "list_metrics")):
        whole: Any = botocore.session.Session().create_client(
            service.value,  # pyright: ignore[reportArgumentType]
            region_name=region,
            config=Config(signature_version="v4"),
        )
        expected = whole.generate_presigned_url(operation).partition("?")[0]
        assert shared.endpoint_url(service, Region(region)).rstrip("/") == expected.rstrip("/")


def test_the_endpoint_of_a_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    config = tmp_path / "config"
    config.write_text(
        "[profile lab]\nregion = eu-west-1\nservices = lab-services\n"
        "[services lab-services]\nec2 =\n  endpoint_url = http://127.0.0.1:9\n"
    )
    only_environment(monkeypatch, {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "lab"})
    shared = SharedSession(limits=AwsLimits())
    assert shared.region() == "eu-west-1"
    assert shared.endpoint_url(AwsService.EC2, Region("eu-west-1")) == "http://127.0.0.1:9"
    assert (
        shared.endpoint_url(AwsService.CLOUDWATCH, Region("eu-west-1"))
        == "https://monitoring.eu-west-1.amazonaws.com"
    )
