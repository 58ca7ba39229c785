"""One reading of one controller: what is asked, in which order, and what a failure means for the rest."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cmlfleet.domain.facts import (
    CMLFact,
    CMLHealth,
    CMLLab,
    CMLLicense,
    CMLReadingPlan,
    CMLStatistics,
    CMLSystemInformation,
)
from cmlfleet.domain.identifiers import LabId
from cmlfleet.domain.sources import CMLPart, ErrorCode, Outcome, PartStatus
from cmlfleet.integration.models.cml_maintenance_dto import CMLMaintenanceDTO
from cmlfleet.integration.services.call_failure import NO_CONNECTION_CODES, CMLCallError
from cmlfleet.integration.services.cml_api_client import CMLApiClient
from cmlfleet.integration.services.cml_session import CMLSession
from cmlfleet.integration.services.controller import Controller
from cmlfleet.integration.services.health_reading import read_health
from cmlfleet.integration.services.lab_details import LabDetails
from cmlfleet.integration.services.licence_reading import LicenceRefusedError, read_licence
from cmlfleet.integration.services.sign_in import Clock
from cmlfleet.integration.services.staggered import Job, run_staggered

_PATIENCE_SECONDS = 1.0  # a background reading waits this long for one answer before it opens another connection
_PATIENCE_COLD_SHARE = 0.4  # of its limit, where it has to connect first: after a start a thousand others do so too
_PATIENCE_FORCED_SECONDS = 0.05  # a person waits for the whole
_INTERNAL_SERVER_ERROR = 500
_NOT_FOUND = 404

_FATAL_PARTS = (CMLPart.SYSTEM_INFORMATION, CMLPart.STATISTICS, CMLPart.LABS)
"""Failures of these fail the source as a whole, the first of them named."""


@dataclass(slots=True)
class _Found:
    """What was answered so far; named as in `CMLFact`."""

    system_information: CMLSystemInformation | None = None
    maintenance_mode: bool | None = None
    maintenance_notice: str | None = None
    statistics: CMLStatistics | None = None
    lab_ids: frozenset[LabId] | None = None
    labs: tuple[CMLLab, ...] | None = None
    health: CMLHealth | None = None
    license: CMLLicense | None = None
    license_reason: str | None = None


class CMLReading:
    """Gathers one `CMLFact`. Each part fails alone; without a connection or a sign-in all that were due fail alike.

    `session` is None without credentials: then only what is public is read. Whoever runs it cancels it after
    `limit_seconds`.
    """

    def __init__(
        self,
        *,
        client: CMLApiClient,
        controller: Controller,
        session: CMLSession | None,
        plan: CMLReadingPlan,
        read_at: datetime,
        limit_seconds: float,
        clock: Clock,
    ) -> None:
        self._client = client
        self._controller = controller
        self._session = session
        self._plan = plan
        self._clock = clock
        self._read_at = read_at
        self._limit_seconds = limit_seconds
        self._found = _Found()
        self._parts = dict[CMLPart, PartStatus]()
        self._under_way = set[CMLPart]()
        self._stopped_by: CMLCallError | None = None
        self._began_warm = False

    async def run(self) -> None:
        """Ask the controller. What was answered stays when this is cancelled by a time limit."""
        jobs: list[Job] = []
        self._began_warm = self._is_warm
        if self._began_warm:
            jobs.append(self._read_system_information)
        else:
            await self._meet()
        if self._session is None:
            await run_staggered([*jobs, self._read_public_maintenance], patience_seconds=self._patience_seconds)
            return
        if self._stopped_by is None and await self._sign_in(self._session):
            await self._read_parts(self._session, jobs)

    def stop(self, failure: CMLCallError) -> None:
        """Nothing more can be read: what was due and has no answer failed by this, or by an earlier stop."""
        self._stopped_by = self._stopped_by or failure

    def fact(self, *, duration_ms: float) -> CMLFact:
        """What was gathered."""
        self._close_parts()
        failure = self._first_fatal()
        trust = self._controller.trust
        changed = failure is not None and failure.error_code is ErrorCode.CERTIFICATE_CHANGED
        found = self._found
        return CMLFact(
            read_at=self._read_at,
            parts=self._parts,
            error_code=None if failure is None else failure.error_code,
            detail=None if failure is None else failure.detail,
            has_credentials=self._session is not None,
            certificate=trust.presented if changed else trust.accepted,
            certificate_verified=not changed and trust.is_verified,
            is_admin=None if self._session is None else self._controller.sign_in.is_admin,
            system_information=found.system_information,
            maintenance_mode=found.maintenance_mode,
            maintenance_notice=found.maintenance_notice,
            statistics=found.statistics,
            lab_ids=found.lab_ids,
            labs=found.labs,
            health=found.health,
            license=found.license,
            license_reason=found.license_reason,
            duration_ms=duration_ms,
        )

    @property
    def _is_warm(self) -> bool:
        """Whether the certificate is known and a token at hand, so that nothing depends on the first answer."""
        signed_in = self._controller.sign_in.has_token and self._session is not None and self._session.has_credentials
        return signed_in and self._controller.trust.accepted is not None

    @property
    def _patience_seconds(self) -> float:
        if self._plan.forced:
            return _PATIENCE_FORCED_SECONDS
        return _PATIENCE_SECONDS if self._began_warm else _PATIENCE_COLD_SHARE * self._limit_seconds

    async def _meet(self) -> None:
        """The first call: it is public, so the certificate is known before anything secret is sent."""
        failure = await self._part(CMLPart.SYSTEM_INFORMATION, self._ask_system_information)
        if failure is None:
            await self._controller.trust.learn_verification(self._controller.endpoint)
        elif failure.status != _INTERNAL_SERVER_ERROR:
            self.stop(failure)  # what does not answer like a CML API gets no password

    async def _sign_in(self, session: CMLSession) -> bool:
        try:
            await session.sign_in()
        except CMLCallError as failure:
            self.stop(failure)
            if failure.code not in NO_CONNECTION_CODES:
                await self._read_public_maintenance()
            return False
        return True

    async def _read_parts(self, session: CMLSession, jobs: list[Job]) -> None:
        jobs.append(partial(self._part, CMLPart.STATISTICS, partial(self._ask_statistics, session)))
        jobs.append(partial(self._part, CMLPart.LABS, partial(self._ask_lab_ids, session)))
        if self._plan.health:
            jobs.append(partial(self._part, CMLPart.HEALTH, partial(self._ask_health, session)))
        licence = partial(self._part, CMLPart.LICENCE, partial(self._ask_licence, session))
        licence_is_due = self._plan.licence or self._controller.sign_in.is_admin is None
        if licence_is_due:
            jobs.append(licence)
        await run_staggered(jobs, patience_seconds=self._patience_seconds)
        followers = list[Job]()
        if self._labs_are_due:
            followers.append(partial(self._part, CMLPart.LABS, partial(self._ask_lab_details, session)))
        if not licence_is_due and self._licence_changed:
            followers.append(licence)
        await run_staggered(followers, patience_seconds=self._patience_seconds)

    @property
    def _labs_are_due(self) -> bool:
        if self._found.lab_ids is None:
            return False
        statistics = self._found.statistics
        running = None if statistics is None else statistics.running_nodes
        return (
            self._plan.labs
            or self._found.lab_ids != self._plan.known_lab_ids
            or (running is not None and running != self._plan.known_running_nodes)
        )

    @property
    def _licence_changed(self) -> bool:
        health = self._found.health
        return (
            health is not None
            and health.is_licensed is not None
            and health.is_licensed != self._plan.known_is_licensed
        )

    async def _read_system_information(self) -> None:
        failure = await self._part(CMLPart.SYSTEM_INFORMATION, self._ask_system_information)
        if failure is not None and failure.code in NO_CONNECTION_CODES:
            self.stop(failure)

    async def _ask_system_information(self) -> None:
        try:
            information = await self._client.system_information(self._controller)
        except CMLCallError as failure:
            if failure.code in {ErrorCode.NOT_FOUND, ErrorCode.ACCESS_DENIED, ErrorCode.UNAUTHORIZED}:
                raise CMLCallError(ErrorCode.BAD_RESPONSE, failure.detail, status=failure.status) from None
            raise
        self._found.system_information = information

    async def _read_public_maintenance(self) -> None:
        if self._stopped_by is not None and self._stopped_by.code in NO_CONNECTION_CODES:
            return
        try:
            maintenance = await (
                self._client.maintenance_mode(self._controller)
                if self._session is None
                else self._session.maintenance()
            )
        except CMLCallError:
            return  # one of the parts says what is wrong; the maintenance mode stays unknown
        self._take_maintenance(maintenance)

    def _take_maintenance(self, maintenance: CMLMaintenanceDTO) -> None:
        self._found.maintenance_mode = maintenance.maintenance_mode
        self._found.maintenance_notice = maintenance.notice_text

    async def _ask_statistics(self, session: CMLSession) -> None:
        statistics = await session.call(self._client.system_stats)
        self._found.statistics = statistics

    async def _ask_lab_ids(self, session: CMLSession) -> None:
        lab_ids = await session.call(self._client.labs)
        self._found.lab_ids = lab_ids

    async def _ask_lab_details(self, session: CMLSession) -> None:
        details = LabDetails(client=self._client, controller=self._controller, session=session, clock=self._clock)
        labs = await details.read(self._found.lab_ids or frozenset())
        self._found.labs, self._found.lab_ids = labs, frozenset(lab.lab_id for lab in labs)

    async def _ask_health(self, session: CMLSession) -> None:
        answer = await read_health(client=self._client, controller=self._controller, session=session)
        self._found.health = answer.health
        if answer.maintenance is not None:
            self._take_maintenance(answer.maintenance)
        if answer.failure is not None:
            raise answer.failure

    async def _ask_licence(self, session: CMLSession) -> None:
        try:
            licence = await read_licence(
                client=self._client, controller=self._controller, session=session, forced=self._plan.forced
            )
        except LicenceRefusedError as refusal:
            self._found.license_reason = refusal.reason
            raise
        self._found.license = licence

    async def _part(self, part: CMLPart, ask: Callable[[], Awaitable[None]]) -> CMLCallError | None:
        """Not asked any more once the reading was stopped."""
        if self._stopped_by is not None:
            return None
        self._under_way.add(part)
        failure: CMLCallError | None = None
        try:
            await ask()
        except CMLCallError as error:
            failure = error
        self._under_way.discard(part)
        self._parts[part] = self._status(failure)
        return failure

    def _status(self, failure: CMLCallError | None) -> PartStatus:
        if failure is None:
            return PartStatus(outcome=Outcome.OK, read_at=self._read_at)
        if failure.status == _NOT_FOUND and failure.code is ErrorCode.NOT_FOUND:
            return PartStatus(outcome=Outcome.NO_DATA, detail="this version of CML does not offer it (404)")
        return PartStatus(outcome=Outcome.ERROR, error_code=failure.code, detail=failure.detail)

    def _close_parts(self) -> None:
        if self._stopped_by is None:
            return
        due = [CMLPart.SYSTEM_INFORMATION]
        if self._session is not None:
            due += [CMLPart.STATISTICS, CMLPart.LABS]
            due += [CMLPart.HEALTH] if self._plan.health else []
            due += [CMLPart.LICENCE] if self._plan.licence else []
        for part in {*due, *self._under_way}:
            if part not in self._parts or part in self._under_way:
                self._parts[part] = self._status(self._stopped_by)

    def _first_fatal(self) -> PartStatus | None:
        for part in _FATAL_PARTS:
            status = self._parts.get(part)
            if status is None or status.outcome is not Outcome.ERROR:
                continue
            if part is CMLPart.LABS and self._found.lab_ids is not None:
                continue  # the list was read; its details show in the part alone
            return status
        return None
