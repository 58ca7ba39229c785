"""Passwords of rules in Secrets Manager and in the Parameter Store, as moto serves them."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.support.aws_scene import only_environment

from cmlfleet.application.ports.sources import CredentialsUnavailable
from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.integration.aws.adapters import AwsAccountSettings, AwsAdapters, AwsLimits
from cmlfleet.integration.aws.stored_passwords import StoredPasswords

REGION = Region("eu-west-1")
KEYS = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "test"}
NO_WAIT = AwsLimits(connect_seconds=0.5, call_seconds=0.5, total_seconds=1.0)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@dataclass(frozen=True)
class Stored:
    """The password reader, and plain boto3 to put things where it looks."""

    passwords: StoredPasswords
    url: str

    def client(self, service: Any, region: str = REGION) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="AKIATEST",
            aws_secret_access_key="test",
        )

    def secret(self, name: str, **content: Any) -> str:
        return self.client("secretsmanager").create_secret(Name=name, **content)["ARN"]


@pytest.fixture
async def stored(moto: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stored]:
    only_environment(monkeypatch, {**KEYS, "AWS_ENDPOINT_URL": moto, "AWS_REGION": REGION})
    aws = AwsAdapters([AwsAccountSettings()])
    yield Stored(aws.passwords, moto)
    await aws.close()


async def test_a_secret_s_text_is_the_password(stored: Stored) -> None:
    arn = stored.secret("cml/plain", SecretString="p4ss word")
    assert await stored.passwords.in_secret(arn).read() == "p4ss word"


async def test_a_secret_of_the_console_is_json_with_a_password(stored: Stored) -> None:
    arn = stored.secret("cml/json", SecretString=json.dumps({"username": "admin", "password": "in json"}))
    assert await stored.passwords.in_secret(arn).read() == "in json"


async def test_a_password_that_looks_like_a_number_stays_as_it_is(stored: Stored) -> None:
    arn = stored.secret("cml/number", SecretString="012345678")
    assert await stored.passwords.in_secret(arn).read() == "012345678"


async def test_a_rotated_secret_gives_the_new_password(stored: Stored) -> None:
    arn = stored.secret("cml/rotated", SecretString="old")
    source = stored.passwords.in_secret(arn)
    assert await source.read() == "old"
    stored.client("secretsmanager").put_secret_value(SecretId=arn, SecretString="new")
    assert await source.read() == "new"


async def test_a_parameter_is_decrypted_by_name_and_by_arn(stored: Stored) -> None:
    stored.client("ssm").put_parameter(Name="/cml/password", Value="parameter", Type="SecureString")
    assert await stored.passwords.in_parameter("/cml/password", region=None).read() == "parameter"
    arn = f"arn:aws:ssm:{REGION}:123456789012:parameter/cml/password"
    assert await stored.passwords.in_parameter(arn, region=Region("us-west-2")).read() == "parameter"


async def test_a_parameter_s_name_is_looked_up_in_the_region_given(stored: Stored) -> None:
    stored.client("ssm", "ap-south-1").put_parameter(Name="/elsewhere", Value="there", Type="SecureString")
    assert await stored.passwords.in_parameter("/elsewhere", region=Region("ap-south-1")).read() == "there"
    with pytest.raises(CredentialsUnavailable, match="ParameterNotFound"):
        await stored.passwords.in_parameter("/elsewhere", region=None).read()


@pytest.mark.parametrize("content", [{"SecretString": '{"user": "x"}'}, {"SecretBinary": b"\x00\x01"}])
async def test_a_secret_without_a_password_says_so(stored: Stored, content: Any) -> None:
    arn = stored.secret(f"cml/none-{len(str(content))}", **content)
    with pytest.raises(CredentialsUnavailable, match="holds no password") as raised:
        await stored.passwords.in_secret(arn).read()
    assert '"user"' not in str(raised.value)


async def test_one_that_is_not_there_names_the_place_and_the_call(stored: Stored) -> None:
    arn = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:missing-AbCdEf"
    with pytest.raises(CredentialsUnavailable) as raised:
        await stored.passwords.in_secret(arn).read()
    assert f"secret_arn {arn} cannot be read: secretsmanager:GetSecretValue" in str(raised.value)


async def test_aws_that_does_not_answer_is_told_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    only_environment(monkeypatch, {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": REGION})
    aws = AwsAdapters([AwsAccountSettings()], limits=NO_WAIT)
    with pytest.raises(CredentialsUnavailable, match="ssm:GetParameter"):
        await aws.passwords.in_parameter("/cml/password", region=None).read()
    await aws.close()


async def test_the_account_of_an_arn_is_asked_with_its_own_role(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """moto keeps secrets by account, and knows the account by the role's credentials."""
    only_environment(monkeypatch, {**KEYS, "AWS_ENDPOINT_URL": moto, "AWS_REGION": REGION})
    other = AccountId("444455556666")
    role = f"arn:aws:iam::{other}:role/cmlfleet"
    aws = AwsAdapters([AwsAccountSettings(), AwsAccountSettings(account_id=other, role_arn=role, regions=[REGION])])
    sts = boto3.client("sts", endpoint_url=moto, region_name=REGION)
    given = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    there = boto3.client(
        "secretsmanager",
        endpoint_url=moto,
        region_name=REGION,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    arn = there.create_secret(Name="cml/of-another-account", SecretString="theirs")["ARN"]
    assert f":{other}:" in arn
    assert await aws.passwords.in_secret(arn).read() == "theirs"
    await aws.close()
