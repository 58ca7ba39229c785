"""Signing in to one controller: once for all who ask, and not again at once when it was refused."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.models.cml_sign_in_dto import CMLSignInDTO
from cmlfleet.integration.services.bearer_token import BearerToken, read_token
from cmlfleet.integration.services.call_failure import CMLCallError

Clock = Callable[[], float]
AskForToken = Callable[[CMLCredentials], Awaitable[CMLSignInDTO]]

_REFUSED_WAIT_SECONDS = 300.0  # a wrong password stays wrong until a person acts, who refreshes by hand
_REJECTED_WAIT_SECONDS = 60.0  # a controller that issues tokens it does not take is in trouble, not misconfigured
_THROTTLED_WAIT_SECONDS = 60.0
_LONGEST_WAIT_SECONDS = 900.0  # so that what was put right on the controller's side heals within a quarter of an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """`failed_at` and `not_before` are on the clock of `SignIn`."""

    error: CMLCallError
    failed_at: float
    not_before: float


class SignIn:
    """The token of one controller. Whoever needs one while another asks waits for that answer, good or bad.

    `is_admin` is what is known of the account behind the present token, None until it is told.
    """

    def __init__(self, *, clock: Clock = time.monotonic, wall_clock: Clock = time.time) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = asyncio.Lock()
        self._credentials: CMLCredentials | None = None
        self._token: BearerToken | None = None
        self._failure: _Failure | None = None
        self._refusals = 0
        self.is_admin: bool | None = None
        self.admin_was_asked = False

    @property
    def has_token(self) -> bool:
        """Whether a call can be made without signing in first."""
        return self._token is not None and self._token.is_fresh(now=self._clock())

    def token_at_hand(self, credentials: CMLCredentials) -> BearerToken | None:
        """The token that `token` would give these credentials without asking the controller."""
        if self.has_token and (credentials is self._credentials or credentials == self._credentials):
            return self._token
        return None

    @property
    def waits_for_maintenance(self) -> bool:
        """Whether the last sign-in was refused because of maintenance, which ends without our doing."""
        return self._failure is not None and self._failure.error.code is ErrorCode.MAINTENANCE

    @property
    def has_been_rejected(self) -> bool:
        """Whether the controller refused a token that it had just issued."""
        return self._refusals > 0

    def drop_token(self) -> None:
        """Another machine may be behind the endpoint now."""
        self._token = None
        self.is_admin = None
        self.admin_was_asked = False

    def forget_failure(self) -> None:
        """Let the next caller try again."""
        self._failure = None

    def accepted(self) -> None:
        """The controller took the token: whatever went wrong before is over."""
        self._refusals = 0

    async def token(
        self,
        credentials: CMLCredentials,
        *,
        ask: AskForToken,
        asked_at: float,
        forced: bool,
        instead_of: BearerToken | None = None,
    ) -> BearerToken:
        """A token that is not `instead_of`, by signing in when there is none.

        `asked_at` is when the caller's reading began: a sign-in that failed since then failed for it too. `forced`
        tries again in spite of an earlier refusal. Raises `CMLCallError`.
        """
        async with self._lock:
            self._follow(credentials)
            if self._token is not None and self._token != instead_of and self._token.is_fresh(now=self._clock()):
                return self._token
            self.drop_token()
            self._raise_standing_failure(asked_at=asked_at, forced=forced)
            if credentials.token is not None:
                return self._given(credentials.token, instead_of=instead_of)
            try:
                answer = await ask(credentials)
            except CMLCallError as error:
                self._fail(error)
                raise
            self._failure = None
            self._token = read_token(answer.token or "", now=self._clock())
            self.is_admin = answer.admin
            return self._token

    def reject(self, token: BearerToken, error: CMLCallError) -> None:
        """The controller refused a token that it had only just issued: do not go round in circles."""
        if self._token != token:
            return
        self.drop_token()
        self._stand_back(error, wait_seconds=_REJECTED_WAIT_SECONDS)

    def _follow(self, credentials: CMLCredentials) -> None:
        if credentials != self._credentials:
            self._credentials = credentials
            self._failure = None
            self._refusals = 0
            self.drop_token()

    def _given(self, text: str, *, instead_of: BearerToken | None) -> BearerToken:
        token = read_token(text, now=self._clock(), wall_clock=self._wall_clock())
        if (instead_of is not None and instead_of.text == text) or not token.is_fresh(now=self._clock()):
            error = CMLCallError(ErrorCode.UNAUTHORIZED, "the stored token has expired or was revoked")
            self._stand_back(error, wait_seconds=_REFUSED_WAIT_SECONDS)
            raise error
        self._token = token
        return token

    def _raise_standing_failure(self, *, asked_at: float, forced: bool) -> None:
        failure = self._failure
        if failure is None:
            return
        if failure.failed_at >= asked_at or (self._clock() < failure.not_before and not forced):
            raise failure.error

    def _fail(self, error: CMLCallError) -> None:
        match error.code:
            case ErrorCode.UNAUTHORIZED:
                self._stand_back(error, wait_seconds=_REFUSED_WAIT_SECONDS)
            case ErrorCode.THROTTLED:
                self._stand_back(error, wait_seconds=error.retry_after_seconds or _THROTTLED_WAIT_SECONDS)
            case ErrorCode.MAINTENANCE:
                self._stand_back(error, wait_seconds=_LONGEST_WAIT_SECONDS)
            case _:
                now = self._clock()
                self._failure = _Failure(error=error, failed_at=now, not_before=now)

    def _stand_back(self, error: CMLCallError, *, wait_seconds: float) -> None:
        now = self._clock()
        wait = min(wait_seconds * 2**self._refusals, _LONGEST_WAIT_SECONDS)
        self._refusals = min(self._refusals + 1, 10)  # the wait is at its longest by then
        self._failure = _Failure(error=error, failed_at=now, not_before=now + wait)
