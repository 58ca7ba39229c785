"""Whose access key it is, and until when."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.cloud.errors import AwsError

_KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, kw_only=True)
class CloudAccount:
    """An AWS account; its role may be assumed only with the external id, when it asks for one."""

    account_id: str
    access_key_id: str
    secret_access_key: str
    external_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Credentials:
    access_key_id: str
    secret_access_key: str
    session_token: str
    account_id: str
    principal_arn: str
    expires_at: datetime | None


class CredentialStore:
    """The access keys of the accounts' users, and those handed out by AssumeRole. Signatures are not verified."""

    def __init__(self, *, accounts: Iterable[CloudAccount], clock: SimulationClock, seed: int) -> None:
        self._clock = clock
        self._dice = random.Random(f"{seed}:credentials")
        self._accounts = {account.account_id: account for account in accounts}
        self._by_key = {
            account.access_key_id: Credentials(
                access_key_id=account.access_key_id,
                secret_access_key=account.secret_access_key,
                session_token="",
                account_id=account.account_id,
                principal_arn=f"arn:aws:iam::{account.account_id}:user/cmlfleet",
                expires_at=None,
            )
            for account in self._accounts.values()
        }

    def of_key(self, access_key_id: str) -> Credentials | None:
        return self._by_key.get(access_key_id)

    def has_expired(self, credentials: Credentials) -> bool:
        return credentials.expires_at is not None and credentials.expires_at <= self._clock.now()

    def assume(
        self, *, caller: Credentials, role_arn: str, session_name: str, external_id: str | None, seconds: int
    ) -> Credentials:
        """Temporary credentials of the role's account. Raises `AwsError` AccessDenied."""
        account = self._accounts.get(_account_of(role_arn))
        if account is None or (account.external_id is not None and account.external_id != external_id):
            raise AwsError(
                "AccessDenied",
                f"User: {caller.principal_arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
                status=403,
            )
        role_name = role_arn.rpartition("/")[2]
        granted = Credentials(
            access_key_id="ASIA" + self._letters(16),
            secret_access_key=self._letters(40),
            session_token=self._letters(120),
            account_id=account.account_id,
            principal_arn=f"arn:aws:sts::{account.account_id}:assumed-role/{role_name}/{session_name}",
            expires_at=self._clock.now() + timedelta(seconds=seconds),
        )
        self._by_key[granted.access_key_id] = granted
        return granted

    def _letters(self, count: int) -> str:
        return "".join(self._dice.choices(_KEY_ALPHABET, k=count))


def _account_of(role_arn: str) -> str:
    parts = role_arn.split(":")
    return parts[4] if len(parts) == 6 else ""
