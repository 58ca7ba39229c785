"""Who signs a call: the accounts, from the event loop's side.

Whatever blocks in botocore (its import, files, IMDS, SSO, STS) runs in threads of its own, one at a time for each
account, so that an account that hangs holds up nobody else.
"""

import asyncio
import importlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.call_failure import AwsCallError
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.service_call import AwsService
from cmlfleet.integration.aws.settings import AwsAccountSettings, AwsLimits
from cmlfleet.integration.aws.single_flight import SingleFlight

if TYPE_CHECKING:
    from cmlfleet.integration.aws.account_credentials import AccountCredentials, AskAws
    from cmlfleet.integration.aws.sessions import SharedSession
    from cmlfleet.integration.aws.signed_requests import RequestSigner

T = TypeVar("T")

FALLBACK_REGION = Region("us-east-1")  # where STS is asked when no region is configured anywhere
_DEFAULT_SCOPE = AwsScope(AccountId("(default)"), FALLBACK_REGION)
_SPARE_THREADS = 4  # beside one for each account: endpoints, certificates
_FAILURE_KEPT_SECONDS = 10.0  # an account without credentials is not looked up anew for each of its workers


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdentity:
    """Whose credentials an account's are, as STS says."""

    account_id: AccountId
    arn: str


@dataclass(slots=True, kw_only=True)
class _Account:
    settings: AwsAccountSettings
    credentials: "AccountCredentials | None" = None
    failure: AwsCallError | None = None
    failed_at: float = 0.0
    identity: CallerIdentity | None = None


class AwsAccounts:
    """Credentials and endpoints of every configured account.

    Raises ValueError when two accounts are without id: one may be, the process's own.
    """

    def __init__(
        self,
        settings: Sequence[AwsAccountSettings],
        *,
        limits: AwsLimits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        unnamed = [each for each in settings if each.account_id is None]
        if len(unnamed) > 1:
            raise ValueError("only one AWS account may be without id: the one of the process's own credentials")
        self._limits = limits
        self._clock = clock
        self._accounts = {each.account_id: _Account(settings=each) for each in settings if each.account_id}
        self._default = _Account(settings=unnamed[0]) if unnamed else None
        self._executor = ThreadPoolExecutor(
            max_workers=len(settings) + _SPARE_THREADS, thread_name_prefix="aws-credentials"
        )
        self._shared: SharedSession | None = None
        self._default_regions: tuple[Region, ...] = ()
        self._endpoints = dict[tuple[AwsService, Region], str]()
        self._sessions = SingleFlight[str, "SharedSession"]()
        self._loads = SingleFlight[int, None]()
        self._identities = SingleFlight[int, CallerIdentity]()

    async def signer(self, scope: AwsScope, service: AwsService) -> "RequestSigner":
        """What signs calls of that scope. Raises `AwsCallError`, the same one for some seconds."""
        account = await self._account(scope.account_id)
        frozen = account.credentials.ready() if account.credentials else None
        if frozen is None:
            self._raise_recent_failure(account)
            await self._loads.run(id(account), lambda: self._load(account))
            frozen = account.credentials.ready() if account.credentials else None
            if frozen is None:
                raise AwsCallError(
                    ErrorCode.ACCESS_DENIED, "the credentials expired at once", operation="credentials"
                )
        url = await self._endpoint(service, scope.region)
        from cmlfleet.integration.aws.signed_requests import RequestSigner  # noqa: PLC0415 - imported by a thread before

        return RequestSigner(url=url, region=scope.region, credentials=frozen)

    async def refuse(self, account_id: AccountId, signer: "RequestSigner") -> None:
        """AWS said that these credentials have expired: the next signer gets new ones."""
        account = await self._account(account_id)
        if account.credentials is not None:
            await self._in_thread(account.credentials.forget, signer.credentials)

    async def identity(self, account_id: AccountId | None = None) -> CallerIdentity:
        """Whose the credentials are; without id those of the process. Raises `AwsCallError`."""
        account = self._default if account_id is None else await self._account(account_id)
        if account is None:
            raise _not_configured("the default account")
        return await self._identity(account)

    async def ask(self, account_id: AccountId | None, region: Region | None, operation: str, call: "AskAws[T]") -> T:
        """What a rare call through botocore answers, made in a thread with the credentials of the account, or with
        the process's own where that account is not configured. Raises `AwsCallError`."""
        account = self._own() if account_id is None else self._accounts.get(account_id) or self._own()
        credentials = await self._credentials(account)
        return await self._in_thread(credentials.ask, operation, region, call)

    def scopes(self) -> list[tuple[AccountId, Region]]:
        """Every configured account and region, as far as they are known: see `learn`."""
        accounts = [*([self._default] if self._default else []), *self._accounts.values()]
        found: dict[tuple[AccountId, Region], None] = {}
        for account in accounts:
            account_id = account.identity.account_id if account.identity else account.settings.account_id
            if account_id is not None:
                regions = account.settings.regions or self._default_regions
                found.update(dict.fromkeys((account_id, region) for region in regions))
        return list(found)

    async def learn(self) -> None:
        """Find out what the configuration leaves open: the id of the process's own account, and the default region
        of accounts that name none. Raises `AwsCallError`."""
        if any(not account.settings.regions for account in (self._default, *self._accounts.values()) if account):
            region = await self.default_region()
            self._default_regions = (region,) if region else ()
        if self._default is not None:
            await self._identity(self._default)

    async def certificate_authorities(self) -> str:
        """The file of certificate authorities that AWS's endpoints are verified with."""
        shared = await self._session()
        return await self._in_thread(shared.certificate_authorities)

    async def default_region(self) -> Region | None:
        """The region of the environment or the profile. Raises `AwsCallError`."""
        shared = await self._session()
        return await self._in_thread(shared.region)

    async def close(self) -> None:
        """Stop waiting; a thread that hangs ends with its own time limits."""
        for flight in (self._sessions, self._loads, self._identities):
            await flight.close()
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _account(self, account_id: AccountId) -> _Account:
        known = self._accounts.get(account_id)
        if known is not None:
            return known
        if self._default is None:
            raise _not_configured(account_id)
        identity = await self._identity(self._default)
        if identity.account_id != account_id:
            raise _not_configured(account_id)
        return self._default

    def _own(self) -> _Account:
        """The account of the process's own credentials. Raises `AwsCallError`."""
        without_role = (each for each in self._accounts.values() if each.settings.role_arn is None)
        own = self._default or next(without_role, None)
        if own is None:
            raise _not_configured("the process's own credentials")
        return own

    async def _identity(self, account: _Account) -> CallerIdentity:
        if account.identity is None:
            self._raise_recent_failure(account)
            account.identity = await self._identities.run(id(account), lambda: self._ask_identity(account))
        return account.identity

    async def _ask_identity(self, account: _Account) -> CallerIdentity:
        try:
            credentials = await self._credentials(account)
            account_id, arn = await self._in_thread(credentials.identity)
        except AwsCallError as failure:
            self._remember(account, failure)
            raise
        return CallerIdentity(account_id=account_id, arn=arn)

    async def _load(self, account: _Account) -> None:
        try:
            credentials = await self._credentials(account)
            await self._in_thread(credentials.load)
        except AwsCallError as failure:
            self._remember(account, failure)
            raise

    async def _credentials(self, account: _Account) -> "AccountCredentials":
        if account.credentials is None:
            shared = await self._session()
            settings = account.settings

            def make() -> "AccountCredentials":
                from cmlfleet.integration.aws.account_credentials import (  # noqa: PLC0415 - imports botocore
                    AccountCredentials,
                )

                regions = settings.regions or [shared.region() or FALLBACK_REGION]
                return AccountCredentials(shared=shared, settings=settings, regions=regions, clock=self._clock)

            account.credentials = await self._in_thread(make)
        return account.credentials

    async def _session(self) -> "SharedSession":
        if self._shared is None:
            self._shared = await self._sessions.run("", lambda: self._in_thread(self._make_session))
        return self._shared

    def _make_session(self) -> "SharedSession":
        importlib.import_module("cmlfleet.integration.aws.signed_requests")  # so that the event loop need not
        from cmlfleet.integration.aws.sessions import SharedSession  # noqa: PLC0415

        return SharedSession(limits=self._limits)

    async def _endpoint(self, service: AwsService, region: Region) -> str:
        url = self._endpoints.get((service, region))
        if url is None:
            shared = await self._session()
            url = await self._in_thread(shared.endpoint_url, service, region)
            self._endpoints[service, region] = url
        return url

    def _remember(self, account: _Account, failure: AwsCallError) -> None:
        account.failure, account.failed_at = failure, self._clock()

    def _raise_recent_failure(self, account: _Account) -> None:
        if account.failure is not None and self._clock() - account.failed_at < _FAILURE_KEPT_SECONDS:
            raise account.failure.again()

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, _translating, work, arguments)


def _translating(work: Callable[..., T], arguments: tuple[object, ...]) -> T:
    """Run it; what botocore raises becomes an `AwsCallError`."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    from cmlfleet.integration.aws.botocore_failure import failure_of_botocore  # noqa: PLC0415

    try:
        return work(*arguments)
    except BotoCoreError as error:
        raise failure_of_botocore(error, operation="credentials", scope=_DEFAULT_SCOPE) from error


def _not_configured(account: str) -> AwsCallError:
    return AwsCallError(
        ErrorCode.ACCESS_DENIED,
        f"no AWS credentials are configured for the account {account}",
        operation="credentials",
    )
