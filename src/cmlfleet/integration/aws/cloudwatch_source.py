"""CloudWatch as a source of facts."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import structlog

from cmlfleet.domain.facts import CloudWatchFact, Datapoint, UtilizationFact
from cmlfleet.domain.instance_ref import InstanceRef
from cmlfleet.domain.sources import Source
from cmlfleet.integration.aws.batcher import Batcher, BatchFailedError
from cmlfleet.integration.aws.call_failure import AwsCallError, broken
from cmlfleet.integration.aws.get_metric_data import PERMISSION, QUERIES_LIMIT, GetMetricData, SeriesReading
from cmlfleet.integration.aws.metric_discovery import MetricDiscovery
from cmlfleet.integration.aws.metric_series import (
    CPU_METRIC,
    MetricSeries,
    MetricTarget,
    cpu_series,
    memory_series,
)
from cmlfleet.integration.aws.scope import AwsScope

_LARGEST_BATCH = 500  # with memory that is two calls

_log = structlog.get_logger(__name__)


class AwsCloudWatchSource:
    """Implements `CloudWatchSource`."""

    def __init__(self, *, metrics: GetMetricData, discovery: MetricDiscovery) -> None:
        self._metrics = metrics
        self._discovery = discovery
        self._batcher = Batcher[AwsScope, MetricTarget, CloudWatchFact](
            name="cloudwatch_metrics", execute=self._read_now, largest=_LARGEST_BATCH
        )

    async def read(self, ref: InstanceRef, *, detailed_monitoring: bool) -> CloudWatchFact:
        """The newest points of CPU and, where an agent publishes it, of memory."""
        try:
            return await self._batcher.submit(
                AwsScope(ref.account_id, ref.region), MetricTarget(ref.instance_id, detailed_monitoring)
            )
        except BatchFailedError as error:
            _log.error("cloudwatch_reading_broke", exc_info=error.__cause__)
            failure = broken(PERMISSION, error.__cause__)
            return failure.as_fact(source=Source.CLOUDWATCH, read_at=datetime.now(UTC), duration_ms=0.0)

    async def close(self) -> None:
        await self._batcher.close()
        await self._discovery.close()

    async def _read_now(
        self, scope: AwsScope, targets: Sequence[MetricTarget]
    ) -> Mapping[MetricTarget, CloudWatchFact]:
        started = time.perf_counter()
        agents = await self._discovery.memory_series(scope)
        wanted = [
            [cpu_series(target), *(memory_series(target, each) for each in agents.get(target.instance_id, ()))]
            for target in targets
        ]
        read_at = datetime.now(UTC)
        answers = await asyncio.gather(*(self._ask(scope, series) for series in _in_calls(wanted)))
        duration_ms = (time.perf_counter() - started) * 1000
        readings = {series: reading for answer in answers for series, reading in answer.items()}
        return {
            target: _fact(readings, series, read_at=read_at, duration_ms=duration_ms)
            for target, series in zip(targets, wanted, strict=True)
        }

    async def _ask(self, scope: AwsScope, series: Sequence[MetricSeries]) -> Mapping[MetricSeries, SeriesReading]:
        """A call's failure is that of each of its series."""
        try:
            return await self._metrics.newest(scope, series)
        except AwsCallError as failure:
            return dict.fromkeys(series, SeriesReading(failure=failure))


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
