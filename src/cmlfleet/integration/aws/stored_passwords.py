"""Passwords that are kept in Secrets Manager or in Systems Manager's Parameter Store."""

import asyncio
import json
from typing import TYPE_CHECKING, Any, cast

from cmlfleet.application.ports.sources import CredentialsUnavailable
from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.integration.aws.accounts import AwsAccounts
from cmlfleet.integration.aws.call_failure import AwsCallError
from cmlfleet.integration.services.credential_rule import PasswordSource

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

    from cmlfleet.integration.aws.account_credentials import AskAws
    from cmlfleet.integration.aws.sessions import SharedSession

READ_SECONDS = 10.0  # a worker's refresh waits for it


class StoredPasswords:
    """Reads with the credentials of the configured account that an ARN names, else with the process's own."""

    def __init__(self, accounts: AwsAccounts) -> None:
        self._accounts = accounts

    def in_secret(self, arn: str) -> PasswordSource:
        """A secret of Secrets Manager: the whole text, or `password` of a JSON object, as its console stores it."""

        def ask(shared: "SharedSession", region: Region, credentials: "ReadOnlyCredentials") -> str | None:
            return shared.secretsmanager(region, credentials).get_secret_value(SecretId=arn).get("SecretString")

        return self._source(f"secret_arn {arn}", arn, None, "secretsmanager:GetSecretValue", ask)

    def in_parameter(self, name: str, *, region: Region | None) -> PasswordSource:
        """A parameter by its ARN, or by its name in the process's own account and region (None: the default)."""

        def ask(shared: "SharedSession", region: Region, credentials: "ReadOnlyCredentials") -> str | None:
            answer = shared.ssm(region, credentials).get_parameter(Name=name, WithDecryption=True)
            return answer["Parameter"].get("Value")

        return self._source(f"ssm_parameter {name}", name, region, "ssm:GetParameter", ask)

    def _source(
        self, where: str, name: str, region: Region | None, operation: str, ask: "AskAws[str | None]"
    ) -> PasswordSource:
        account_id, named_region = _account_and_region(name)

        async def read() -> str:
            try:
                async with asyncio.timeout(READ_SECONDS):
                    text = await self._accounts.ask(account_id, named_region or region, operation, ask)
            except TimeoutError:
                raise CredentialsUnavailable(
                    f"{where} cannot be read: {operation}: no answer within {READ_SECONDS:g} s"
                ) from None
            except AwsCallError as failure:
                raise CredentialsUnavailable(f"{where} cannot be read: {failure.detail}") from None
            password = _password(text or "")
            if not password:
                raise CredentialsUnavailable(f"{where} holds no password: neither text nor JSON with a password")
            return password

        return PasswordSource(where=where, read=read)


def _password(text: str) -> str | None:
    """Secrets Manager's own forms are JSON objects, such as `{"username": …, "password": …}`."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return text
    if not isinstance(parsed, dict):
        return text
    password = cast("dict[str, Any]", parsed).get("password")
    return password if isinstance(password, str) else None


def _account_and_region(name: str) -> tuple[AccountId | None, Region | None]:
    """What an ARN names."""
    if not name.startswith("arn:"):
        return None, None
    _, _, _, region, account_id, _ = name.split(":", 5)
    return AccountId(account_id), Region(region)
