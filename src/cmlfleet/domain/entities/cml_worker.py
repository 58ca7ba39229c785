"""The aggregate: facts go in, decisions and domain events come out."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from cmlfleet.domain.cause import Cause
from cmlfleet.domain.diagnosis import diagnose
from cmlfleet.domain.endpoint import endpoint_of
from cmlfleet.domain.entities.cml_worker_state import (
    CMLWorkerState,
    WorkerRole,
    WorkerStatus,
)
from cmlfleet.domain.entities.controller_facts import ControllerFacts
from cmlfleet.domain.entities.running_figures import clear_running_figures
from cmlfleet.domain.events import cml_worker as events
from cmlfleet.domain.events.domain_event import DomainEvent
from cmlfleet.domain.facts import (
    CloudWatchFact,
    CMLFact,
    CMLReadingPlan,
    EC2AbsentFact,
    EC2Fact,
    EC2InstanceFact,
    SourceFailure,
)
from cmlfleet.domain.finding import Finding
from cmlfleet.domain.health import assess, is_within_boot_budget
from cmlfleet.domain.probe_facts import ControllerProbeFact
from cmlfleet.domain.reading_plan import plan_reading
from cmlfleet.domain.sample import Sample
from cmlfleet.domain.source_tracking import is_news, note_answer, note_failure, note_skipped
from cmlfleet.domain.sources import ErrorCode, Outcome, SkipReason, Source
from cmlfleet.domain.utilization import (
    choose_figures,
    cloudwatch_period_seconds,
    is_high,
    next_datapoint_at,
)
from cmlfleet.domain.worker_policy import WorkerPolicy

__all__ = ["CMLWorker", "CMLWorkerState"]

MISSING_AFTER = timedelta(seconds=60)  # EC2 is eventually consistent: two good answers this far apart must agree
ROLE_TAG = "cmlfleet:role"
HOSTNAME_TAG = "cmlfleet:hostname"
"""On a compute: its host name as its controller knows it, where that is not EC2's default."""

E = TypeVar("E", bound=DomainEvent)


class CMLWorker:
    """One worker. It never reads anything itself: it is told facts and decides what they mean.

    A fact that is not newer than what was taken in before changes nothing, so late answers do no harm.
    """

    def __init__(self, state: CMLWorkerState, *, policy: WorkerPolicy, cause: Cause) -> None:
        self.state = state
        self.events: list[DomainEvent] = []
        self.samples: list[Sample] = []
        self._policy = policy
        self._cause = cause

    @property
    def _cml(self) -> ControllerFacts:
        """Made when wanted: kept, it and the worker would refer to each other, for the garbage collector to find."""
        return ControllerFacts(self.state, policy=self._policy, record=self._record, add_sample=self.samples.append)

    def _record(self, kind: Callable[..., E], occurred_at: datetime, **data: Any) -> None:
        self.events.append(kind(worker_id=self.state.id, occurred_at=occurred_at, cause=self._cause, **data))

    # What is worth asking

    @property
    def is_running(self) -> bool:
        """Whether EC2 last said `running`: only then have CloudWatch and CML anything to say."""
        return self.state.status is WorkerStatus.RUNNING

    def cml_skip_reason(self) -> SkipReason | None:
        """Why the CML API is not to be asked; None: ask it."""
        if not self.is_running:
            return SkipReason.NOT_RUNNING
        if self.state.role is WorkerRole.COMPUTE:
            return SkipReason.COMPUTE_HOST
        if self.state.https_endpoint is None:
            return SkipReason.NO_HTTPS_ENDPOINT
        return None

    def is_due(self, source: Source, *, now: datetime) -> bool:
        """Whether a background refresh should ask the source: new data can exist, or a back-off is over."""
        due_at = self.state.sources[source].next_due_at
        return due_at is None or now >= due_at - self._due_slack(source)

    def reading_plan(self, *, now: datetime, everything: bool) -> CMLReadingPlan:
        """What to ask the controller for."""
        return plan_reading(self.state, now=now, everything=everything)

    def diagnose(self, probe: ControllerProbeFact | None, *, now: datetime) -> tuple[Finding, ...]:
        """Why it does not answer, from what EC2 last said and what a probe met; None: there was nobody to ask."""
        return diagnose(self.state, probe, is_booting=is_within_boot_budget(self.state, policy=self._policy, now=now))

    # Facts

    def observe_ec2(self, fact: EC2Fact) -> None:
        """Take in what EC2 said, be it the instance, its absence or a failure."""
        if not is_news(self.state.sources[Source.EC2], fact.read_at):
            return
        match fact:
            case SourceFailure():
                self._source_failed(Source.EC2, fact.read_at, fact.code, fact.detail)
            case EC2AbsentFact():
                self._ec2_absent(fact)
            case EC2InstanceFact():
                self._ec2_instance(fact)

    def observe_cloudwatch(self, fact: CloudWatchFact) -> None:
        """Take in CloudWatch's newest datapoints; the same point twice is no new sample."""
        state, status = self.state, self.state.sources[Source.CLOUDWATCH]
        if not is_news(status, fact.read_at) or not self.is_running:
            return
        period_seconds = cloudwatch_period_seconds(detailed_monitoring=state.detailed_monitoring)
        status.period_seconds = max(period_seconds, self._policy.refresh_interval_seconds)
        if isinstance(fact, SourceFailure):
            self._source_failed(Source.CLOUDWATCH, fact.read_at, fact.code, fact.detail)
            return
        due_at = max(
            fact.read_at + self._half_interval,
            next_datapoint_at(fact, period_seconds=period_seconds),
        )
        self._source_answered(Source.CLOUDWATCH, fact.read_at, fact.outcome, due_at)
        cpu_is_new = fact.cpu is not None and (state.cloudwatch_cpu is None or fact.cpu.at > state.cloudwatch_cpu.at)
        memory_is_new = fact.memory is not None and (
            state.cloudwatch_memory is None or fact.memory.at > state.cloudwatch_memory.at
        )
        if fact.cpu is not None and cpu_is_new:
            state.cloudwatch_cpu = fact.cpu
            self.samples.append(Sample(at=fact.cpu.at, cpu_utilization=fact.cpu.percent))
        if fact.memory is not None and memory_is_new:
            state.cloudwatch_memory = fact.memory
            self.samples.append(Sample(at=fact.memory.at, memory_utilization=fact.memory.percent))

    def observe_cml(self, fact: CMLFact) -> None:
        """Take in one reading of the controller, whole or in part."""
        status = self.state.sources[Source.CML]
        if not is_news(status, fact.read_at) or not self.is_running:
            return
        self._cml.take(fact)
        if fact.error_code is not None:
            self.state.last_cml_api_error = fact.detail or fact.error_code.value
            self._source_failed(Source.CML, fact.read_at, fact.error_code, fact.detail)
        elif not fact.has_credentials:
            note_skipped(status, at=fact.read_at, reason=SkipReason.NO_CREDENTIALS.value)
        else:
            self.state.last_cml_api_error = None
            self.state.last_cml_api_sync_at = fact.read_at
            due_at = fact.read_at + timedelta(seconds=self._policy.refresh_interval_seconds)
            self._source_answered(Source.CML, fact.read_at, Outcome.OK, due_at)

    def observe_skipped(self, source: Source, reason: SkipReason, *, at: datetime) -> None:
        """A source was not asked, for a reason that lies in the worker."""
        status = self.state.sources[source]
        if is_news(status, at):
            note_skipped(status, at=at, reason=reason.value)

    def observe_controller(self, controller: CMLWorkerState | None) -> None:
        """A compute host is known by what its controller says of it."""
        if controller is None:
            self.state.compute_connected = None
            return
        state = self.state
        names = {state.name, *state.addresses, state.tags.get(HOSTNAME_TAG, "")}
        if state.private_ip:
            names.add("ip-" + state.private_ip.replace(".", "-"))  # the host name that EC2 gives by default
        host = next((h for h in controller.compute_hosts if h.hostname in names or h.server_address in names), None)
        self.state.controller_id = controller.id
        self.state.compute_connected = None if host is None else host.is_connected

    def conclude(self, *, now: datetime) -> None:
        """After the facts of one refresh: figures, thresholds and health follow from them."""
        state = self.state
        if self.is_running:
            choose_figures(state, now=now)
            self._cross_thresholds(now)
        self._settle_announcement(now)
        before = state.health
        state.health, state.health_reasons = assess(state, policy=self._policy, now=now)
        if state.health is not before:
            reason = state.health_reasons[0].text if state.health_reasons else None
            self._record(
                events.CMLWorkerHealthChangedDomainEvent,
                now,
                before=before.value,
                after=state.health.value,
                reason=reason,
            )
        state.monitoring_active = not state.is_gone
        state.last_refreshed_at = now

    # What people decide

    def relabel(self, *, labels: Mapping[str, str | None], note: str | None, at: datetime) -> None:
        """Merge labels (None removes one) and set the note."""
        state = self.state
        before = {"labels": dict(state.labels), "note": state.note}
        merged = {**state.labels, **labels}
        state.labels = {key: value for key, value in merged.items() if value is not None}
        state.note = note
        after = {"labels": dict(state.labels), "note": state.note}
        if after != before:
            self._record(events.CMLWorkerLabelsChangedDomainEvent, at, before=before, after=after)

    def accept_certificate(self, fingerprint: str, *, at: datetime) -> None:
        """Pin the certificate that a person compared and accepted."""
        state = self.state
        before, state.certificate_pinned, state.certificate_pinned_at = state.certificate_pinned, fingerprint, at
        state.certificate_presented = fingerprint
        if before != fingerprint:
            self._record(events.CMLCertificatePinnedDomainEvent, at, before=before, after=fingerprint)

    def share_certificate(self, others: int, *, at: datetime) -> None:
        """So many other workers present the certificate that is pinned here; it is told once, when it begins."""
        state = self.state
        before, state.certificate_shared_with = state.certificate_shared_with, others
        if others and not before and state.certificate_pinned is not None:
            self._record(
                events.CMLCertificateSharedDomainEvent, at, fingerprint=state.certificate_pinned, workers=others
            )

    def own_credentials(self, *, present: bool, at: datetime) -> None:
        """The worker was given credentials of its own, or they were taken away; either way ask CML at once."""
        before, self.state.has_own_credentials = self.state.has_own_credentials, present
        if not before and not present:
            return
        words = {True: "own", False: "fleet"}
        self._record(events.CMLWorkerCredentialsChangedDomainEvent, at, before=words[before], after=words[present])
        self.state.sources[Source.CML].next_due_at = None

    # EC2

    def _ec2_instance(self, fact: EC2InstanceFact) -> None:
        state = self.state
        due_at = fact.read_at + timedelta(seconds=self._policy.refresh_interval_seconds)
        self._source_answered(Source.EC2, fact.read_at, Outcome.OK, due_at)
        state.first_absent_at = None
        self._take_tags(fact)
        state.instance_type, state.ami_id = fact.instance_type, fact.image_id
        state.availability_zone = fact.availability_zone
        state.detailed_monitoring = fact.detailed_monitoring
        state.nested_virtualization = fact.nested_virtualization
        if state.launched_at != fact.launched_at:
            state.launched_at = fact.launched_at
            self._cml.restarted()
        self._take_addresses(fact)
        self._take_checks(fact)
        self._change_status(WorkerStatus(fact.state), fact.state_reason, at=fact.read_at)

    def _ec2_absent(self, fact: EC2AbsentFact) -> None:
        state = self.state
        detail = f"EC2 knows no instance {state.instance_id} in {state.region}"
        self._source_failed(Source.EC2, fact.read_at, ErrorCode.NOT_FOUND, detail)
        state.first_absent_at = state.first_absent_at or fact.read_at
        if state.status is not WorkerStatus.TERMINATED and fact.read_at - state.first_absent_at >= MISSING_AFTER:
            self._change_status(WorkerStatus.MISSING, detail, at=fact.read_at)

    def _change_status(self, status: WorkerStatus, reason: str | None, *, at: datetime) -> None:
        state, before = self.state, self.state.status
        state.status, state.status_reason = status, reason
        if status is before:
            return
        if status is not WorkerStatus.RUNNING:
            clear_running_figures(state)
        state.gone_at = at if state.is_gone else None
        self._record(
            events.CMLWorkerStatusChangedDomainEvent, at, before=before.value, after=status.value, reason=reason
        )

    def _take_tags(self, fact: EC2InstanceFact) -> None:
        state, tags = self.state, dict(fact.tags)
        if not tags and state.tags and not state.tags_seen_empty:
            # EC2 sometimes answers without any tags; believe it only the second time.
            state.tags_seen_empty = True
            return
        state.tags_seen_empty = not tags and state.tags_seen_empty
        before, state.tags = state.tags, tags
        state.name = tags.get("Name") or state.instance_id
        wanted = self._policy.discovery_tags
        had = bool(wanted) and wanted.items() <= before.items()
        has = bool(wanted) and wanted.items() <= tags.items()
        state.discovery_tag_missing = (state.discovery_tag_missing or had) and not has
        if state.sources[Source.EC2].read_at is not None and before and before != tags:
            self._record(events.CMLWorkerTagsChangedDomainEvent, fact.read_at, before=before, after=tags)
        if (role := tags.get(ROLE_TAG)) in (WorkerRole.COMPUTE, WorkerRole.CONTROLLER, WorkerRole.STANDALONE):
            state.role = WorkerRole(role)
        elif state.name.startswith("CML-compute-"):
            state.role = WorkerRole.COMPUTE

    def _take_addresses(self, fact: EC2InstanceFact) -> None:
        state = self.state
        before = {"public_ip": state.public_ip, "private_ip": state.private_ip}
        state.public_ip, state.private_ip = fact.public_ip, fact.private_ip
        state.public_ip_is_elastic, state.addresses = fact.public_ip_is_elastic, fact.addresses
        after = {"public_ip": state.public_ip, "private_ip": state.private_ip}
        if after != before:
            self._record(events.CMLWorkerAddressesChangedDomainEvent, fact.read_at, before=before, after=after)
        endpoint = endpoint_of(
            tags=state.tags,
            public_ip=state.public_ip,
            private_ip=state.private_ip,
            prefer_private_ip=self._policy.prefer_private_ip,
        )
        known, state.https_endpoint, state.endpoint_reason = state.https_endpoint, endpoint.url, endpoint.reason
        if known != endpoint.url:
            state.sources[Source.CML].next_due_at = None
            self._record(
                events.CMLWorkerEndpointChangedDomainEvent,
                fact.read_at,
                before=known,
                after=endpoint.url,
                reason=endpoint.reason,
            )

    def _take_checks(self, fact: EC2InstanceFact) -> None:
        state = self.state
        if fact.checks is not None:
            if fact.checks != state.ec2_checks:
                before = state.ec2_checks
                self._record(
                    events.CMLWorkerEC2ChecksChangedDomainEvent,
                    fact.read_at,
                    before=None if before is None else {"system": before.system, "instance": before.instance},
                    after={"system": fact.checks.system, "instance": fact.checks.instance, "ebs": fact.checks.ebs},
                )
            state.ec2_checks = fact.checks
            impaired = "impaired" in (fact.checks.system, fact.checks.instance, fact.checks.ebs)
            state.ec2_impaired_readings = state.ec2_impaired_readings + 1 if impaired else 0
        if fact.scheduled_events is not None and fact.scheduled_events != state.scheduled_events:
            self._record(
                events.CMLWorkerScheduledEventsChangedDomainEvent,
                fact.read_at,
                before=tuple(event.code for event in state.scheduled_events),
                after=tuple(event.code for event in fact.scheduled_events),
            )
            state.scheduled_events = fact.scheduled_events

    # Sources

    def _due_slack(self, source: Source) -> timedelta:
        """The schedule fires each interval; without slack a fire a few milliseconds early would find nothing due.
        A datapoint of CloudWatch does not exist before it is due; what failed there is read at the next fire."""
        if source is Source.CLOUDWATCH and self.state.sources[source].outcome is not Outcome.ERROR:
            return timedelta()
        return self._half_interval

    @property
    def _half_interval(self) -> timedelta:
        return timedelta(seconds=self._policy.refresh_interval_seconds / 2)

    def _source_answered(self, source: Source, read_at: datetime, outcome: Outcome, due_at: datetime) -> None:
        status = self.state.sources[source]
        if source is not Source.CLOUDWATCH:
            status.period_seconds = self._policy.refresh_interval_seconds
        if status.announced:
            self._record(
                events.CMLWorkerSourceRecoveredDomainEvent,
                read_at,
                source=source.value,
                error_code=status.error_code,
                failing_since=status.failing_since,
            )
        status.announced = False
        note_answer(status, read_at=read_at, outcome=outcome, next_due_at=due_at)

    def _source_failed(self, source: Source, read_at: datetime, code: ErrorCode, detail: str | None) -> None:
        status = self.state.sources[source]
        if source is not Source.CLOUDWATCH:
            status.period_seconds = self._policy.refresh_interval_seconds
        note_failure(
            status,
            read_at=read_at,
            code=code,
            detail=detail,
            pace_seconds=self._policy.refresh_interval_seconds,
            patient=self._keeps_its_pace(source, code, now=read_at),
        )

    def _keeps_its_pace(self, source: Source, code: ErrorCode, *, now: datetime) -> bool:
        """Whether a source that fails is asked as often as before: EC2 is at each interval, an operation that AWS
        throttles is slowed down as a whole, and a controller that boots is about to answer."""
        match source:
            case Source.EC2:
                return True
            case Source.CLOUDWATCH:
                return code is ErrorCode.THROTTLED
            case Source.CML:
                return self._cml.is_booting(code, now=now)

    def _settle_announcement(self, now: datetime) -> None:
        """Say once that a source fails; what a booting controller answers is no failure worth a word."""
        for source, status in self.state.sources.items():
            if status.outcome is not Outcome.ERROR or status.announced or status.error_code is None:
                continue
            if source is Source.CML and self._cml.is_booting(status.error_code, now=now):
                continue
            status.announced = True
            self._record(
                events.CMLWorkerSourceFailingDomainEvent,
                now,
                source=source.value,
                error_code=status.error_code.value,
                detail=status.reason,
                since=status.failing_since or now,
            )

    def _cross_thresholds(self, now: datetime) -> None:
        state = self.state
        figures = {"cpu": state.cpu_utilization, "memory": state.memory_utilization, "disk": state.disk_utilization}
        high: list[str] = []
        for figure, percent in figures.items():
            was_high = figure in state.high_figures
            if is_high(percent, was_high=was_high):
                high.append(figure)
            if percent is not None and (figure in high) != was_high:
                self._record(
                    events.CMLWorkerUtilizationThresholdCrossedDomainEvent,
                    now,
                    figure=figure,
                    percent=percent,
                    before="high" if was_high else "normal",
                    after="normal" if was_high else "high",
                )
        state.high_figures = tuple(high)
