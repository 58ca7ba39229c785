"""The credentials of one account: the process's own, or those of a role it assumes. Blocking, and imported late."""

import time
from collections.abc import Callable

from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.integration.aws.botocore_failure import failure_of_botocore
from cmlfleet.integration.aws.call_failure import AwsCallError
from cmlfleet.integration.aws.instruments import OUTCOME_OK, count_call
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.sessions import SharedSession
from cmlfleet.integration.aws.settings import AwsAccountSettings

_ROLE_SESSION_NAME = "cmlfleet"  # what CloudTrail shows
_TRY_AGAIN_SECONDS = 60.0  # between attempts to renew credentials that still hold
_UNKNOWN_ACCOUNT = AccountId("(default)")


class AccountCredentials:
    """Loads, renews and forgets them; one instance for each account, shared by all its regions."""

    def __init__(
        self,
        *,
        shared: SharedSession,
        settings: AwsAccountSettings,
        region: Region,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared = shared
        self._settings = settings
        self._clock = clock
        self._scope = AwsScope(settings.account_id or _UNKNOWN_ACCOUNT, region)
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
        except (BotoCoreError, ClientError, RuntimeError) as error:
            if self._frozen is not None and self.ready() is not None:
                return self._frozen
            raise self._failure(error, "sts:AssumeRole" if self._settings.role_arn else "credentials") from error
        return self._frozen

    def forget(self, refused: ReadOnlyCredentials) -> None:
        """AWS has refused these: the next `load` gets others, unless that has happened already."""
        if self._frozen is not refused:
            return
        self._credentials = self._frozen = None
        self._shared.forget_credentials()

    def identity(self) -> tuple[AccountId, str]:
        """Account and ARN, as STS says; needs no permission. Raises `AwsCallError`."""
        operation = "sts:GetCallerIdentity"
        frozen = self.load()
        try:
            answer = self._shared.sts(self._scope.region, frozen).get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            failure = self._failure(error, operation)
            count_call(service="sts", operation="GetCallerIdentity", outcome=failure.code.value)
            raise failure from error
        count_call(service="sts", operation="GetCallerIdentity", outcome=OUTCOME_OK)
        return AccountId(answer["Account"]), answer["Arn"]

    def _find(self) -> Credentials:
        if self._settings.role_arn is None:
            return self._shared.credentials()
        return RefreshableCredentials.create_from_metadata(
            metadata=self._assume_role(), refresh_using=self._assume_role, method="sts-assume-role"
        )

    def _assume_role(self) -> dict[str, str]:
        role_arn = self._settings.role_arn or ""
        sts = self._shared.sts(self._scope.region)
        external_id = self._settings.external_id
        try:
            if external_id is None:
                answer = sts.assume_role(RoleArn=role_arn, RoleSessionName=_ROLE_SESSION_NAME)
            else:
                answer = sts.assume_role(RoleArn=role_arn, RoleSessionName=_ROLE_SESSION_NAME, ExternalId=external_id)
        except (BotoCoreError, ClientError) as error:
            outcome = self._failure(error, "sts:AssumeRole").code.value
            count_call(service="sts", operation="AssumeRole", outcome=outcome)
            raise
        count_call(service="sts", operation="AssumeRole", outcome=OUTCOME_OK)
        given = answer["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }

    def _failure(self, error: Exception, operation: str) -> AwsCallError:
        failure = failure_of_botocore(error, operation=operation, scope=self._scope)
        if self._settings.role_arn:
            failure.detail += f" (role {self._settings.role_arn})"
        return failure
