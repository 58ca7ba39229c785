"""Why a controller does not answer: each step of a reading by itself, from the network up."""

import asyncio
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from cmlfleet.application.ports.sources import CMLCredentialsProvider, CMLTarget
from cmlfleet.domain.facts import CMLHealth, CMLSystemInformation
from cmlfleet.domain.probe_facts import ControllerProbeFact, ProbeStep, StepFailure
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.services.address_policy import AddressPolicy, CheckedEndpoint
from cmlfleet.integration.services.call_failure import CMLCallError, failure_of_exception
from cmlfleet.integration.services.certificate_trust import TLSContexts
from cmlfleet.integration.services.cml_api_client import CMLApiClient
from cmlfleet.integration.services.cml_session import CMLSession, credentials_held, session_with
from cmlfleet.integration.services.controller import Controller, Controllers
from cmlfleet.integration.services.controller_connection import CONNECT_LIMIT_SECONDS


class NetworkControllerProbe:
    """Implements `ControllerProbe` over an open `CMLApiClient`.

    It shares tokens and accepted certificates with the readings, so that a diagnosis is no sign-in of its own.
    """

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

    async def probe(self, target: CMLTarget) -> ControllerProbeFact:
        """Raises StorageUnavailable."""
        credentials = await credentials_held(self._credentials, target)
        controller = self._controllers.of(target.worker_id)
        session = session_with(controller, credentials, client=self._client, forced=True)
        walk = _Walk(controller=controller, client=self._client)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await walk.to_the_api(target, policy=self._policy, contexts=self._controllers.contexts)
                if session is not None:
                    await walk.behind_the_sign_in(session)
        except TimeoutError:
            walk.fail(CMLCallError(ErrorCode.TIMEOUT, f"not done within {self._timeout_seconds:g} s"))
        except CMLCallError as failure:
            walk.fail(failure)
        return ControllerProbeFact(
            endpoint=target.endpoint,
            address=walk.endpoint and walk.endpoint.address,
            port=walk.endpoint and walk.endpoint.port,
            refused=walk.refused,
            steps=walk.steps,
            has_credentials=session is not None,
            system_information=walk.system_information,
            start_up=walk.start_up,
            health=walk.health,
            maintenance_mode=walk.maintenance_mode,
        )


class _Walk:
    """One probe under way; a failure belongs to the step that was begun last."""

    def __init__(self, *, controller: Controller, client: CMLApiClient) -> None:
        self._controller = controller
        self._client = client
        self._step = ProbeStep.ADDRESS
        self.steps: dict[ProbeStep, StepFailure | None] = {}
        self.endpoint: CheckedEndpoint | None = None
        self.refused = False
        self.system_information: CMLSystemInformation | None = None
        self.start_up: Mapping[str, bool | None] | None = None
        self.health: CMLHealth | None = None
        self.maintenance_mode: bool | None = None

    async def to_the_api(self, target: CMLTarget, *, policy: AddressPolicy, contexts: TLSContexts) -> None:
        """Address, TCP, TLS, and the route that needs no token. Raises `CMLCallError` where the way ends."""
        with self._taking(ProbeStep.ADDRESS):
            self._controller.look_up_again()
            await self._controller.locate(target, policy=policy)
            self.endpoint = self._controller.endpoint
        with self._taking(ProbeStep.TCP):
            writer = await self._connected(self._controller.endpoint)
        try:
            with self._taking(ProbeStep.TLS):
                await _shake_hands(writer, self._controller.endpoint, contexts)
        finally:
            writer.transport.abort()
        with self._taking(ProbeStep.SYSTEM_INFORMATION):
            self.system_information = await self._client.system_information(self._controller)

    async def behind_the_sign_in(self, session: CMLSession) -> None:
        """What only a signed-in account is told. Raises `CMLCallError` when the sign-in fails."""
        with self._taking(ProbeStep.SIGN_IN):
            await session.sign_in()
        with self._trying(ProbeStep.START_UP):
            self.start_up = await session.call(self._client.start_up_flags)
        with self._trying(ProbeStep.HEALTH):
            self.health = await session.call(self._client.system_health)
        with self._trying(ProbeStep.MAINTENANCE):
            self.maintenance_mode = (await session.maintenance()).maintenance_mode

    async def _connected(self, endpoint: CheckedEndpoint) -> asyncio.StreamWriter:
        try:
            async with asyncio.timeout(CONNECT_LIMIT_SECONDS):
                _, writer = await asyncio.open_connection(endpoint.address, endpoint.port)
        except OSError as error:
            self.refused = isinstance(error, ConnectionRefusedError)
            raise failure_of_exception(operation="TCP", error=error) from error
        return writer

    def fail(self, failure: CMLCallError) -> None:
        """The step under way ended so."""
        self.steps[self._step] = StepFailure(code=failure.code, detail=failure.detail, status=failure.status)

    @contextmanager
    def _taking(self, step: ProbeStep) -> Generator[None]:
        self._step = step
        yield
        self.steps[step] = None

    @contextmanager
    def _trying(self, step: ProbeStep) -> Generator[None]:
        try:
            with self._taking(step):
                yield
        except CMLCallError as failure:
            self.fail(failure)


async def _shake_hands(writer: asyncio.StreamWriter, endpoint: CheckedEndpoint, contexts: TLSContexts) -> None:
    """Whether TLS is spoken at all; whose certificate it is, the API's own calls judge."""
    try:
        async with asyncio.timeout(CONNECT_LIMIT_SECONDS):
            await writer.start_tls(contexts.unverified, server_hostname=endpoint.host)
    except OSError as error:
        raise failure_of_exception(operation="TLS", error=error) from error
