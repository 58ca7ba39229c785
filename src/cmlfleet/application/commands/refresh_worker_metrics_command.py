"""The heart: one worker read from its three sources, judged, and saved with its events."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from cmlfleet.application.clock import Clock
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.monitoring import MonitoringSchedule
from cmlfleet.application.ports.refresh_sharing import RefreshSharing
from cmlfleet.application.ports.sources import CloudWatchSource, CMLSource, CMLTarget, EC2Source
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.views import RefreshReport, RefreshResult, SourceReport, SourceReports
from cmlfleet.application.queries.worker_view import worker_view
from cmlfleet.application.services.controller_lookup import ControllerLookup
from cmlfleet.application.services.shared_runs import SharedRuns
from cmlfleet.application.services.worker_shelf import WorkerShelf, as_stored
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.entities.cml_worker import CMLWorker
from cmlfleet.domain.entities.cml_worker_state import WorkerRole
from cmlfleet.domain.facts import CloudWatchFact, CMLFact, EC2AbsentFact, EC2Fact, SourceFailure
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sources import ErrorCode, Outcome, SkipReason, Source


@dataclass(frozen=True, slots=True)
class RefreshWorkerMetricsCommand(Message[RefreshReport]):
    """Refresh one worker; answered with a RefreshResult. `background` is the schedule's: it shares sweeps, leaves out
    what is not due, and is content with the report."""

    worker_id: WorkerId
    background: bool = False


Observation = Callable[[CMLWorker], None]
Reading = tuple[SourceReport, Observation]
"""What a source said, for the result and for the worker."""

_NOTHING_ASKED = 0.0


class RefreshWorkerMetricsCommandHandler:
    """Load, gather, observe, save. What the facts mean is the aggregate's affair."""

    def __init__(
        self,
        *,
        shelf: WorkerShelf,
        ec2: EC2Source,
        cloudwatch: CloudWatchSource,
        cml: CMLSource,
        controllers: ControllerLookup,
        monitoring: MonitoringSchedule,
        clock: Clock,
        background_max_age_seconds: float,
        observe: Callable[[RefreshReport], None],
        runs: SharedRuns[RefreshReport],
        sharing: RefreshSharing | None = None,
    ) -> None:
        self._shelf = shelf
        self._ec2 = ec2
        self._cloudwatch = cloudwatch
        self._cml = cml
        self._controllers = controllers
        self._monitoring = monitoring
        self._clock = clock
        self._background_max_age_seconds = background_max_age_seconds
        self._observe = observe
        self._runs = runs
        self._sharing = sharing

    async def handle_async(self, message: RefreshWorkerMetricsCommand, principal: Principal) -> RefreshReport:
        """Raises WorkerNotFound and StorageUnavailable; whatever the sources say is in the result."""
        background = message.background and self._runs.current((message.worker_id, False)) is None
        return await self._runs.run(
            (message.worker_id, background), lambda: self._run(message.worker_id, background, principal)
        )

    async def _run(self, worker_id: WorkerId, background: bool, principal: Principal) -> RefreshReport:
        if background:
            _, report = await self._refresh(worker_id, principal, background=True)
            return report
        if self._sharing is None:
            return await self._refresh_and_show(worker_id, principal)
        return await self._sharing.run(worker_id, lambda: self._refresh_and_show(worker_id, principal))

    async def _refresh_and_show(self, worker_id: WorkerId, principal: Principal) -> RefreshResult:
        worker, report = await self._refresh(worker_id, principal, background=False)
        return RefreshResult(
            worker=worker_view(
                worker.state, now=self._clock(), next_refresh_at=self._monitoring.next_refresh_at(worker_id)
            ),
            sources=report.sources,
            events=report.events,
            started_at=report.started_at,
            duration_ms=report.duration_ms,
        )

    async def _refresh(
        self, worker_id: WorkerId, principal: Principal, *, background: bool
    ) -> tuple[CMLWorker, RefreshReport]:
        started_at, started = self._clock(), perf_counter()
        cause = Cause(actor=principal.name, command=RefreshWorkerMetricsCommand.__name__)
        worker = await self._shelf.take(worker_id, cause=cause)
        ec2_fact = await self._ec2.read(worker.state.instance, max_age_seconds=self._max_age_seconds(background))
        before = as_stored(worker.state)
        worker.observe_ec2(ec2_fact)
        (cloudwatch, observe_cloudwatch), (cml, observe_cml) = await self._read_both(worker, background)
        observe_controller = await self._read_controller(worker)

        def apply(fresh: CMLWorker) -> None:
            fresh.observe_ec2(ec2_fact)
            observe_cloudwatch(fresh)
            observe_cml(fresh)
            observe_controller(fresh)
            fresh.conclude(now=self._clock())

        saved = await self._shelf.change(worker_id, cause=cause, apply=apply, taken=(before, worker))
        report = RefreshReport(
            sources=SourceReports(ec2=_ec2_report(ec2_fact), cloudwatch=cloudwatch, cml=cml),
            events=tuple(event.type_name for event in saved.events),
            started_at=started_at,
            duration_ms=(perf_counter() - started) * 1000,
        )
        self._observe(report)
        return saved, report

    async def _read_both(self, worker: CMLWorker, background: bool) -> tuple[Reading, Reading]:
        """CloudWatch and CML at the same time, where both are to be asked: that takes two tasks more."""
        if not worker.is_running:
            unasked = self._skip(Source.CLOUDWATCH, SkipReason.NOT_RUNNING)
        elif background and not worker.is_due(Source.CLOUDWATCH, now=self._clock()):
            unasked = _NOT_DUE
        else:
            return await asyncio.gather(self._read_cloudwatch(worker, background), self._read_cml(worker, background))
        return unasked, await self._read_cml(worker, background)

    async def _read_cloudwatch(self, worker: CMLWorker, background: bool) -> Reading:
        fact = await self._cloudwatch.read(
            worker.state.instance,
            detailed_monitoring=worker.state.detailed_monitoring,
            max_age_seconds=self._max_age_seconds(background),
        )
        return _cloudwatch_report(fact), lambda fresh: fresh.observe_cloudwatch(fact)

    async def _read_cml(self, worker: CMLWorker, background: bool) -> Reading:
        reason, target = worker.cml_skip_reason(), CMLTarget.of(worker.state)
        if reason is not None or target is None:
            return self._skip(Source.CML, reason or SkipReason.NO_HTTPS_ENDPOINT)
        now = self._clock()
        if background and not worker.is_due(Source.CML, now=now):
            return _NOT_DUE
        fact = await self._cml.read(target, worker.reading_plan(now=now, everything=not background))
        return _cml_report(fact), lambda fresh: fresh.observe_cml(fact)

    async def _read_controller(self, worker: CMLWorker) -> Observation:
        if worker.state.role is not WorkerRole.COMPUTE:
            return _unchanged
        controller = await self._controllers.controller_of(worker.state)
        return lambda fresh: fresh.observe_controller(controller)

    def _max_age_seconds(self, background: bool) -> float:
        return self._background_max_age_seconds if background else 0.0

    def _skip(self, source: Source, reason: SkipReason) -> Reading:
        at: datetime = self._clock()
        return (
            SourceReport(
                outcome=Outcome.SKIPPED.value, reason=reason.value, error_code=None, duration_ms=_NOTHING_ASKED
            ),
            lambda fresh: fresh.observe_skipped(source, reason, at=at),
        )


def _unchanged(_fresh: CMLWorker) -> None:
    """Nothing was read."""


_NOT_DUE: Reading = (
    SourceReport(
        outcome=Outcome.SKIPPED.value,
        reason=SkipReason.NOT_DUE.value,
        error_code=None,
        duration_ms=_NOTHING_ASKED,
    ),
    _unchanged,
)


def _failed(failure: SourceFailure) -> SourceReport:
    return SourceReport(
        outcome=Outcome.ERROR.value,
        reason=failure.detail,
        error_code=failure.code.value,
        duration_ms=failure.duration_ms,
    )


def _ec2_report(fact: EC2Fact) -> SourceReport:
    if isinstance(fact, SourceFailure):
        return _failed(fact)
    if isinstance(fact, EC2AbsentFact):
        return SourceReport(
            outcome=Outcome.ERROR.value,
            reason="EC2 does not know the instance",
            error_code=ErrorCode.NOT_FOUND.value,
            duration_ms=fact.duration_ms,
        )
    return SourceReport(outcome=Outcome.OK.value, reason=None, error_code=None, duration_ms=fact.duration_ms)


def _cloudwatch_report(fact: CloudWatchFact) -> SourceReport:
    if isinstance(fact, SourceFailure):
        return _failed(fact)
    return SourceReport(outcome=fact.outcome.value, reason=None, error_code=None, duration_ms=fact.duration_ms)


def _cml_report(fact: CMLFact) -> SourceReport:
    if fact.error_code is None and not fact.has_credentials:
        return SourceReport(
            outcome=Outcome.SKIPPED.value,
            reason=SkipReason.NO_CREDENTIALS.value,
            error_code=None,
            duration_ms=fact.duration_ms,
        )
    return SourceReport(
        outcome=fact.outcome.value,
        reason=fact.detail,
        error_code=fact.error_code and fact.error_code.value,
        duration_ms=fact.duration_ms,
    )
