"""CloudWatch as a source of facts."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain

import structlog

from cmlfleet.domain.facts import CloudWatchFact, Datapoint, UtilizationFact
from cmlfleet.domain.instance_ref import InstanceRef
from cmlfleet.domain.sources import Source
from cmlfleet.integration.aws.batcher import Batcher, BatchFailedError
from cmlfleet.integration.aws.call_failure import AwsCallError, broken
from cmlfleet.integration.aws.get_metric_data import PERMISSION, QUERIES_LIMIT, GetMetricData, SeriesReading
from cmlfleet.integration.aws.metric_discovery import KnownSeries, MetricDiscovery
from cmlfleet.integration.aws.metric_series import (
    CPU_METRIC,
    MetricSeries,
    MetricTarget,
    cpu_series,
    memory_series,
)
from cmlfleet.integration.aws.metrics_ahead import MetricsAhead
from cmlfleet.integration.aws.scope import AwsScope

_LARGEST_BATCH = 500  # with memory that is two calls

_log = structlog.get_logger(__name__)


class AwsCloudWatchSource:
    """Implements `CloudWatchSource`."""

    def __init__(
        self, *, metrics: GetMetricData, discovery: MetricDiscovery, ahead: MetricsAhead | None = None
    ) -> None:
        self._metrics = metrics
        self._discovery = discovery
        self._ahead = ahead
        self._batcher = Batcher[AwsScope, MetricTarget, CloudWatchFact](
            name="cloudwatch_metrics", execute=self._read_now, largest=_LARGEST_BATCH
        )

    async def read(self, ref: InstanceRef, *, detailed_monitoring: bool, max_age_seconds: float) -> CloudWatchFact:
        """The newest points of CPU and, where an agent publishes it, of memory."""
        scope, target = AwsScope(ref.account_id, ref.region), MetricTarget(ref.instance_id, detailed_monitoring)
        if self._ahead is None:
            return await self._ask_now(scope, target)
        fact = self._ahead.take(scope, target, max_age_seconds=max_age_seconds)
        if fact is None:
            fact = await self._ask_now(scope, target)
        if max_age_seconds:
            self._ahead.follow(scope, target, fact)
        return fact

    async def close(self) -> None:
        await self._batcher.close()
        await self._discovery.close()

    async def _ask_now(self, scope: AwsScope, target: MetricTarget) -> CloudWatchFact:
        try:
            return await self._batcher.submit(scope, target)
        except BatchFailedError as error:
            _log.error("cloudwatch_reading_broke", exc_info=error.__cause__)
            failure = broken(PERMISSION, error.__cause__)
            return failure.as_fact(source=Source.CLOUDWATCH, read_at=datetime.now(UTC), duration_ms=0.0)

    async def _read_now(
        self, scope: AwsScope, targets: Sequence[MetricTarget]
    ) -> Mapping[MetricTarget, CloudWatchFact]:
        started = time.perf_counter()
        agents = await self._discovery.memory_series(scope)
        wanted = [_series_of(target, agents) for target in targets]
        calls = _in_calls(wanted)
        ahead = self._fill(calls[-1], scope, agents)
        read_at = datetime.now(UTC)
        answers = await asyncio.gather(*(self._ask(scope, series) for series in calls))
        duration_ms = (time.perf_counter() - started) * 1000
        readings = {series: reading for answer in answers for series, reading in answer.items()}
        facts = {
            target: _fact(readings, series, read_at=read_at, duration_ms=duration_ms)
            for target, series in chain(zip(targets, wanted, strict=True), ahead.items())
        }
        if self._ahead is not None:
            self._ahead.hold(scope, {target: facts[target] for target in ahead})
        return facts

    def _fill(
        self, call: list[MetricSeries], scope: AwsScope, agents: KnownSeries
    ) -> Mapping[MetricTarget, Sequence[MetricSeries]]:
        """Add to a call, as far as it has room, what others will soon ask for."""
        added: dict[MetricTarget, Sequence[MetricSeries]] = {}
        if self._ahead is None:
            return added
        for target in self._ahead.due(scope):
            series = _series_of(target, agents)
            if len(call) + len(series) > QUERIES_LIMIT:
                break
            call.extend(series)
            added[target] = series
        self._ahead.leave_out(scope, added)
        return added

    async def _ask(self, scope: AwsScope, series: Sequence[MetricSeries]) -> Mapping[MetricSeries, SeriesReading]:
        """A call's failure is that of each of its series."""
        try:
            return await self._metrics.newest(scope, series)
        except AwsCallError as failure:
            return dict.fromkeys(series, SeriesReading(failure=failure))


def _series_of(target: MetricTarget, agents: KnownSeries) -> list[MetricSeries]:
    return [cpu_series(target), *(memory_series(target, each) for each in agents.get(target.instance_id, ()))]


def _in_calls(wanted: Iterable[Sequence[MetricSeries]]) -> list[list[MetricSeries]]:
    """As few calls as hold them; what belongs to one instance stays together."""
    calls: list[list[MetricSeries]] = []
    for series in wanted:
        if not calls or len(calls[-1]) + len(series) > QUERIES_LIMIT:
            calls.append([])
        calls[-1].extend(series)
    return calls


def _fact(
    readings: Mapping[MetricSeries, SeriesReading],
    wanted: Sequence[MetricSeries],
    *,
    read_at: datetime,
    duration_ms: float,
) -> CloudWatchFact:
    """What was read, although a part may have failed; the failure when nothing was."""
    cpu = _newest(readings[each].newest for each in wanted if each.metric == CPU_METRIC)
    memory = _newest(readings[each].newest for each in wanted if each.metric != CPU_METRIC)
    failure = next((readings[each].failure for each in wanted if readings[each].failure), None)
    if failure is not None and cpu is None and memory is None:
        return failure.as_fact(source=Source.CLOUDWATCH, read_at=read_at, duration_ms=duration_ms)
    return UtilizationFact(read_at=read_at, cpu=cpu, memory=memory, duration_ms=duration_ms)


def _newest(points: Iterable[Datapoint | None]) -> Datapoint | None:
    return max((point for point in points if point is not None), key=lambda point: point.at, default=None)
