"""Credentials that hold for every worker of an account, a region or a label."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from cmlfleet.application.ports.sources import CMLCredentials, CMLTarget, CredentialsUnavailable
from cmlfleet.integration.services.sign_in import Clock

READ_AGAIN_SECONDS = 10.0  # refused by a thousand workers at once, a password is looked up once
_FAILURE_KEPT_SECONDS = 10.0  # as long as a failure of AWS credentials is remembered

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSource:
    """Where a password is: `where` names the place in messages, `read` raises CredentialsUnavailable."""

    where: str
    read: Callable[[], Awaitable[str]]


def given_password(text: str) -> PasswordSource:
    """A password that the configuration itself holds."""

    async def read() -> str:
        return text

    return PasswordSource(where="password", read=read)


class CredentialRule:
    """Matches all of what is given of account, region and label (a key, or key=value). Its password is read when it
    is first wanted, kept, and read again when a controller refuses it. `clock` counts seconds and never goes back."""

    def __init__(
        self,
        *,
        username: str,
        password: PasswordSource,
        account_id: str | None = None,
        region: str | None = None,
        label: str | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._username = username
        self._password = password
        self._account_id = account_id
        self._region = region
        self._label = label
        self._clock = clock
        self._lock = asyncio.Lock()
        self._known: CMLCredentials | None = None
        self._failure: CredentialsUnavailable | None = None
        self._tried_at = 0.0

    @property
    def where(self) -> str:
        """The place of the password, for messages."""
        return self._password.where

    def matches(self, target: CMLTarget) -> bool:
        """Whether the worker signs in by this rule."""
        return (
            self._account_id in (None, target.account_id)
            and self._region in (None, target.region)
            and (self._label is None or self._has_label(target, self._label))
        )

    async def credentials(self) -> CMLCredentials:
        """What is known, else what the source says. Raises CredentialsUnavailable, the same one for some seconds."""
        if self._known is not None:
            return self._known  # without a wait for whoever reads it again
        async with self._lock:
            if self._known is not None:
                return self._known
            if self._failure is not None and self._clock() - self._tried_at < _FAILURE_KEPT_SECONDS:
                raise CredentialsUnavailable(str(self._failure))
            return await self._read()

    async def credentials_after(self, refused: CMLCredentials, *, forced: bool) -> CMLCredentials:
        """What holds now that a controller refused these; the same again where the source cannot be asked."""
        async with self._lock:
            somebody_else_has_read = self._known is not None and self._known != refused
            was_just_read = not forced and self._clock() - self._tried_at < READ_AGAIN_SECONDS
            if not somebody_else_has_read and not was_just_read:
                try:
                    await self._read()
                except CredentialsUnavailable as failure:
                    _log.warning("password_not_read_again", detail=str(failure))
            return self._known or refused

    async def _read(self) -> CMLCredentials:
        self._tried_at = self._clock()
        try:
            password = await self._password.read()
        except CredentialsUnavailable as failure:
            self._failure = failure
            raise
        self._failure = None
        self._known = CMLCredentials(username=self._username, password=password)
        return self._known

    @staticmethod
    def _has_label(target: CMLTarget, label: str) -> bool:
        key, wants_value, value = label.partition("=")
        return key in target.labels and (not wants_value or target.labels[key] == value)
