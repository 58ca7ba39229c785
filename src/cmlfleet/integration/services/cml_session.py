"""A conversation with one controller: who signs in, and what happens to a token that is refused."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from cmlfleet.application.ports.sources import (
    CMLCredentials,
    CMLCredentialsProvider,
    CMLTarget,
    CredentialsUnavailable,
)
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.models.cml_maintenance_dto import CMLMaintenanceDTO
from cmlfleet.integration.models.cml_sign_in_dto import CMLSignInDTO
from cmlfleet.integration.services.bearer_token import BearerToken
from cmlfleet.integration.services.call_failure import CMLCallError
from cmlfleet.integration.services.cml_api_client import CMLApiClient
from cmlfleet.integration.services.controller import Controller

T = TypeVar("T")
_UNAUTHORIZED = 401
_FORBIDDEN = 403


class CMLSession:
    """Calls that need a token. Within one session a refused token is replaced once. Credentials that cannot be had
    refuse the sign-in in place of the controller.

    `forced` signs in again in spite of an earlier refusal.
    """

    def __init__(
        self,
        *,
        client: CMLApiClient,
        controller: Controller,
        credentials: CMLCredentials | CredentialsUnavailable,
        forced: bool,
    ) -> None:
        self._client = client
        self._controller = controller
        self._credentials = credentials
        self._began_at = controller.clock()
        self._forced = forced
        self._renewed: BearerToken | None = None
        self._maintenance: CMLMaintenanceDTO | None = None

    @property
    def has_credentials(self) -> bool:
        """Whether there is anything to sign in with."""
        return isinstance(self._credentials, CMLCredentials)

    async def sign_in(self) -> None:
        """Have a token, and know whether its account is an administrator's where that can be told."""
        token = await self._token()
        sign_in = self._controller.sign_in
        if sign_in.is_admin is None and not sign_in.admin_was_asked:
            await self._ask_whether_admin(token)

    async def doubt_admin(self) -> None:
        """A route for administrators refused: the account's role may have changed under the token."""
        if self._controller.sign_in.is_admin:
            await self._ask_whether_admin(await self._token())

    async def _ask_whether_admin(self, token: BearerToken) -> None:
        """What cannot be told leaves what is known; other parts show why it cannot."""
        if token.subject is None:
            return
        sign_in = self._controller.sign_in
        try:
            user = await self._client.user(self._controller, token.text, user_id=token.subject)
        except CMLCallError as failure:
            sign_in.admin_was_asked = failure.status is not None
            return
        sign_in.admin_was_asked = True
        if user.admin is not None:
            sign_in.is_admin = user.admin

    async def call(self, route: Callable[[Controller, str], Awaitable[T]]) -> T:
        """The answer of a route that needs a token. Raises `CMLCallError`.

        A 403 is `maintenance` while that is on, since it locks out whoever is no administrator.
        """
        token = await self._token()
        try:
            answer = await route(self._controller, token.text)
        except CMLCallError as failure:
            if failure.status == _FORBIDDEN and await self._is_in_maintenance():
                raise _maintenance(failure) from None
            if failure.status != _UNAUTHORIZED:
                raise
            token = await self._another_token(token, failure)
            answer = await self._once_more(route, token)
        self._controller.sign_in.accepted()
        return answer

    async def maintenance(self) -> CMLMaintenanceDTO:
        """The maintenance mode, asked once in a session."""
        if self._maintenance is None:
            self._maintenance = await self._client.maintenance_mode(self._controller)
        return self._maintenance

    async def _once_more(self, route: Callable[[Controller, str], Awaitable[T]], token: BearerToken) -> T:
        try:
            return await route(self._controller, token.text)
        except CMLCallError as failure:
            if failure.status == _UNAUTHORIZED:
                self._controller.sign_in.reject(token, failure)
            raise

    async def _another_token(self, refused: BearerToken, failure: CMLCallError) -> BearerToken:
        sign_in = self._controller.sign_in
        by_token = isinstance(self._credentials, CMLCredentials) and self._credentials.token is not None
        if self._renewed == refused or (sign_in.has_been_rejected and not by_token):
            sign_in.reject(refused, failure)
            raise failure
        self._renewed = await self._token(instead_of=refused)
        return self._renewed

    async def _token(self, *, instead_of: BearerToken | None = None) -> BearerToken:
        if isinstance(self._credentials, CredentialsUnavailable):
            raise CMLCallError(ErrorCode.ACCESS_DENIED, str(self._credentials))
        sign_in = self._controller.sign_in
        at_hand = sign_in.token_at_hand(self._credentials)
        if at_hand is not None and at_hand != instead_of:
            return at_hand
        if sign_in.waits_for_maintenance and not await self._is_in_maintenance():
            sign_in.forget_failure()
        return await sign_in.token(
            self._credentials,
            ask=self._ask,
            asked_at=self._began_at,
            forced=self._forced,
            instead_of=instead_of,
        )

    async def _ask(self, credentials: CMLCredentials) -> CMLSignInDTO:
        try:
            return await self._client.sign_in(self._controller, credentials)
        except CMLCallError as failure:
            if failure.status == _FORBIDDEN and await self._is_in_maintenance():
                raise _maintenance(failure) from None
            raise

    async def _is_in_maintenance(self) -> bool:
        try:
            return (await self.maintenance()).maintenance_mode is True
        except CMLCallError:
            return False  # what cannot be told explains no refusal: the refusal itself is reported


async def credentials_held(
    provider: CMLCredentialsProvider, target: CMLTarget
) -> CMLCredentials | CredentialsUnavailable | None:
    """What there is to sign in with, be it the reason why it cannot be had. Raises StorageUnavailable."""
    try:
        return await provider.credentials_for(target)
    except CredentialsUnavailable as failure:
        return failure


def session_with(
    controller: Controller,
    credentials: CMLCredentials | CredentialsUnavailable | None,
    *,
    client: CMLApiClient,
    forced: bool,
) -> CMLSession | None:
    """A session that begins now; None without credentials."""
    if credentials is None:
        return None
    return CMLSession(client=client, controller=controller, credentials=credentials, forced=forced)


def _maintenance(failure: CMLCallError) -> CMLCallError:
    return CMLCallError(
        ErrorCode.MAINTENANCE,
        "maintenance mode is on: only administrators are let in",
        status=failure.status,
        retry_after_seconds=failure.retry_after_seconds,
    )
