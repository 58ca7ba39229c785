"""The CML source: one whole reading of one controller, within limits of time and number."""

import asyncio
import time
import traceback
from datetime import UTC, datetime

import structlog

from cmlfleet.application.ports.sources import (
    CMLCredentials,
    CMLCredentialsProvider,
    CMLTarget,
    CredentialsUnavailable,
)
from cmlfleet.domain.facts import CMLFact, CMLReadingPlan
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.services.address_policy import AddressPolicy
from cmlfleet.integration.services.call_failure import CMLCallError
from cmlfleet.integration.services.cml_api_client import CMLApiClient
from cmlfleet.integration.services.cml_reading import CMLReading
from cmlfleet.integration.services.cml_session import credentials_held, session_with
from cmlfleet.integration.services.controller import Controllers

_READINGS_AT_ONCE = 1000  # hanging controllers hold theirs for the whole limit, and the others still get a turn
_SEARCH_AGAIN_CODES = frozenset({ErrorCode.UNREACHABLE, ErrorCode.TIMEOUT})

_log = structlog.get_logger(__name__)


class CMLControllerSource:
    """Implements `CMLSource` over an open `CMLApiClient`. Failures come back as facts."""

    def __init__(
        self,
        *,
        client: CMLApiClient,
        controllers: Controllers,
        credentials: CMLCredentialsProvider,
        policy: AddressPolicy,
        timeout_seconds: float,
    ) -> None:
        self._client = client
        self._controllers = controllers
        self._credentials = credentials
        self._policy = policy
        self._timeout_seconds = timeout_seconds
        self._slots = asyncio.Semaphore(_READINGS_AT_ONCE)

    async def read(self, target: CMLTarget, plan: CMLReadingPlan) -> CMLFact:
        """One reading, sign-in included, within the time limit; what was finished by then is kept.

        Where a controller refuses the credentials and others hold by now, they are tried at once, within the same
        limit. Raises StorageUnavailable.
        """
        credentials = await credentials_held(self._credentials, target)
        async with self._slots:
            ends_at = asyncio.get_running_loop().time() + self._timeout_seconds
            fact = await self._read(target, plan, credentials, ends_at=ends_at)
            if fact.error_code is ErrorCode.UNAUTHORIZED and isinstance(credentials, CMLCredentials):
                others = await self._credentials.refused(target, credentials, forced=plan.forced)
                if others is not None:
                    fact = await self._read(target, plan, others, ends_at=ends_at)
            return fact

    async def _read(
        self,
        target: CMLTarget,
        plan: CMLReadingPlan,
        credentials: CMLCredentials | CredentialsUnavailable | None,
        *,
        ends_at: float,
    ) -> CMLFact:
        started = time.perf_counter()
        controller = self._controllers.of(target.worker_id)
        reading = CMLReading(
            client=self._client,
            controller=controller,
            session=session_with(controller, credentials, client=self._client, forced=plan.forced),
            plan=plan,
            read_at=datetime.now(UTC),
            limit_seconds=self._timeout_seconds,
            clock=controller.clock,
        )
        try:
            async with asyncio.timeout_at(ends_at):
                await controller.locate(target, policy=self._policy)
                await reading.run()
        except TimeoutError:
            reading.stop(CMLCallError(ErrorCode.TIMEOUT, f"not done within {self._timeout_seconds:g} s"))
        except CMLCallError as failure:
            reading.stop(failure)
        except Exception as error:
            _log.error("cml_reading_broke", worker_id=target.worker_id, traceback=_plain_traceback(error))
            reading.stop(CMLCallError(ErrorCode.INTERNAL, f"a fault of our own: {type(error).__name__}"))
        fact = reading.fact(duration_ms=(time.perf_counter() - started) * 1000)
        if fact.error_code in _SEARCH_AGAIN_CODES:
            controller.look_up_again()
        return fact

    async def forget(self, worker_id: WorkerId) -> None:
        """Drop token, accepted certificate and back-off; idle connections are never used again and run out."""
        self._controllers.forget(worker_id)


def _plain_traceback(error: Exception) -> str:
    """The traceback as text: a renderer that shows local variables would show the password among them."""
    return "".join(traceback.format_exception(error))
