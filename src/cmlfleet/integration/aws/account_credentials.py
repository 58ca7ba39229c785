"""The credentials of one account: the process's own, or those of a role it assumes. Blocking, and imported late."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.botocore_failure import failure_of_botocore
from cmlfleet.integration.aws.call_failure import AwsCallError
from cmlfleet.integration.aws.instruments import OUTCOME_OK, count_call
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.sessions import SharedSession
from cmlfleet.integration.aws.settings import AwsAccountSettings

if TYPE_CHECKING:
    from mypy_boto3_sts.type_defs import AssumeRoleRequestTypeDef

T = TypeVar("T")

AskAws = Callable[[SharedSession, Region, ReadOnlyCredentials], T]
"""A call through a client that it makes of the session, for the region, with the credentials."""

_ROLE_SESSION_NAME = "cmlfleet"  # what CloudTrail shows
_TRY_AGAIN_SECONDS = 60.0  # between attempts to renew credentials that still hold
_MOST_REGIONS = 3  # whose STS is asked, one after the other: a region that is down takes its STS with it
_NEXT_REGION_MAY_HELP = frozenset({ErrorCode.TIMEOUT, ErrorCode.UNREACHABLE, ErrorCode.INTERNAL, ErrorCode.THROTTLED})
DEFAULT_ACCOUNT = AccountId("(default)")
"""Stands in messages for the account of the process's own credentials while its id is not known."""


class AccountCredentials:
    """Loads, renews and forgets them; one instance for each account, shared by all its regions, of which `regions`
    has at least one."""

    def __init__(
        self,
        *,
        shared: SharedSession,
        settings: AwsAccountSettings,
        regions: Sequence[Region],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared = shared
        self._settings = settings
        self._clock = clock
        account_id = settings.account_id or DEFAULT_ACCOUNT
        self._scopes = [AwsScope(account_id, region) for region in regions[:_MOST_REGIONS]]
        self._credentials: Credentials | None = None
        self._frozen: ReadOnlyCredentials | None = None
        self._tried_at = 0.0

    def ready(self) -> ReadOnlyCredentials | None:
        """What may be used now, without blocking; None when `load` has to be called."""
        credentials = self._credentials
        if not isinstance(credentials, RefreshableCredentials) or not credentials.refresh_needed():
            return self._frozen
        was_tried = self._clock() - self._tried_at < _TRY_AGAIN_SECONDS
        return self._frozen if was_tried and not credentials.refresh_needed(0) else None

    def load(self) -> ReadOnlyCredentials:
        """Get or renew them. Raises `AwsCallError`."""
        self._tried_at = self._clock()
        try:
            if self._credentials is None:
                self._credentials = self._find()
            self._frozen = self._credentials.get_frozen_credentials()
        except (AwsCallError, BotoCoreError, RuntimeError) as error:
            if self._frozen is not None and self.ready() is not None:
                return self._frozen
            failure = self._failure(error)
            if failure.says_expired:
                self._credentials = self._frozen = None
                self._shared.forget_credentials()
            raise failure from error
        return self._frozen

    def forget(self, refused: ReadOnlyCredentials) -> None:
        """AWS has refused these: the next `load` gets others, unless that has happened already."""
        if self._frozen is not refused:
            return
        self._credentials = self._frozen = None
        self._shared.forget_credentials()

    def identity(self) -> tuple[AccountId, str]:
        """Account and ARN, as STS says; needs no permission. Raises `AwsCallError`."""
        frozen = self.load()
        answer = self._ask_sts(
            "GetCallerIdentity", lambda scope: self._shared.sts(scope.region, frozen).get_caller_identity()
        )
        return AccountId(answer["Account"]), answer["Arn"]

    def ask(self, operation: str, region: Region | None, call: AskAws[T]) -> T:
        """The answer, asked in the region, or else in the account's first one. `operation` is as IAM names it.
        Raises `AwsCallError`."""
        frozen = self.load()
        scope = self._scopes[0] if region is None else AwsScope(self._scopes[0].account_id, region)
        service, _, name = operation.partition(":")
        try:
            answer = call(self._shared, scope.region, frozen)
        except (BotoCoreError, ClientError) as error:
            failure = failure_of_botocore(error, operation=operation, scope=scope)
            count_call(service=service, operation=name, outcome=failure.code.value)
            if failure.says_expired:
                self.forget(frozen)
            raise failure from error
        count_call(service=service, operation=name, outcome=OUTCOME_OK)
        return answer

    def _find(self) -> Credentials:
        if self._settings.role_arn is None:
            return self._shared.credentials()
        return RefreshableCredentials.create_from_metadata(
            metadata=self._assume_role(), refresh_using=self._assume_role, method="sts-assume-role"
        )

    def _assume_role(self) -> dict[str, str]:
        parameters: AssumeRoleRequestTypeDef = {
            "RoleArn": self._settings.role_arn or "",
            "RoleSessionName": _ROLE_SESSION_NAME,
        }
        if self._settings.external_id is not None:
            parameters["ExternalId"] = self._settings.external_id
        answer = self._ask_sts("AssumeRole", lambda scope: self._shared.sts(scope.region).assume_role(**parameters))
        given = answer["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }

    def _ask_sts(self, operation: str, ask: Callable[[AwsScope], T]) -> T:
        """The answer of the first region's STS that gives one. Raises the first `AwsCallError`."""
        first: AwsCallError | None = None
        for scope in self._scopes:
            try:
                answer = ask(scope)
            except (BotoCoreError, ClientError) as error:
                failure = failure_of_botocore(error, operation=f"sts:{operation}", scope=scope)
                count_call(service="sts", operation=operation, outcome=failure.code.value)
                first = first or failure
                if failure.code not in _NEXT_REGION_MAY_HELP:
                    break
            else:
                count_call(service="sts", operation=operation, outcome=OUTCOME_OK)
                return answer
        raise first or AssertionError("an account has at least one region")

    def _failure(self, error: Exception) -> AwsCallError:
        if not isinstance(error, AwsCallError):
            return failure_of_botocore(error, operation="credentials", scope=self._scopes[0])
        failure = error.again()
        failure.detail += f" (role {self._settings.role_arn})"
        return failure
