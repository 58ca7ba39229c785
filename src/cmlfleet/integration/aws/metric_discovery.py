"""Which instances publish memory: the CloudWatch agent's series, with the dimensions they really have."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import structlog

from cmlfleet.domain.identifiers import InstanceId
from cmlfleet.integration.aws.call_failure import AwsCallError, bad_response
from cmlfleet.integration.aws.metric_series import AGENT_NAMESPACE, MEMORY_METRIC, Dimensions
from cmlfleet.integration.aws.reader import AwsReader
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.service_call import cloudwatch
from cmlfleet.integration.aws.single_flight import SingleFlight

_OPERATION = "ListMetrics"
KEPT_SECONDS = 3600.0  # agents come and go rarely, and a new metric is listed after up to 15 minutes anyway
_FAILURE_KEPT_SECONDS = 300.0
_PATIENCE_SECONDS = 3.0  # CPU does not wait longer for the answer whether there is memory
_MOST_PAGES = 200  # 100,000 series
_MOST_SETS = 3  # after a change of type both the old and the new set of dimensions are listed for three hours

_log = structlog.get_logger(__name__)


class _Dimension(msgspec.Struct):
    name: str = msgspec.field(name="Name")
    value: str = msgspec.field(name="Value")


class _Metric(msgspec.Struct):
    dimensions: list[_Dimension] = msgspec.field(name="Dimensions", default_factory=list[_Dimension])


class _Listed(msgspec.Struct):
    metrics: list[_Metric] = msgspec.field(name="Metrics", default_factory=list[_Metric])
    next_token: str | None = msgspec.field(name="NextToken", default=None)


_decoder = msgspec.json.Decoder(_Listed)

KnownSeries = Mapping[InstanceId, Sequence[Dimensions]]

_NO_AGENTS: KnownSeries = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Discovery:
    series: KnownSeries
    expires_at: float


class MetricDiscovery:
    """Asks once an hour for each account and region. While it cannot be told, no agent is known, which is logged when
    it begins and when it ends."""

    def __init__(self, reader: AwsReader, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._clock = clock
        self._known = dict[AwsScope, _Discovery]()
        self._failing = set[AwsScope]()
        self._flights = SingleFlight[AwsScope, _Discovery]()

    async def memory_series(self, scope: AwsScope) -> KnownSeries:
        """The dimension sets of each instance with an agent. Waits a few seconds at most; what was known before
        holds until the new answer is there."""
        known = self._known.get(scope)
        if known is not None and self._clock() < known.expires_at:
            return known.series
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return (await self._flights.run(scope, lambda: self._discover(scope, known))).series
        except TimeoutError:
            return known.series if known else _NO_AGENTS

    async def close(self) -> None:
        await self._flights.close()

    async def _discover(self, scope: AwsScope, before: _Discovery | None) -> _Discovery:
        try:
            series, kept_seconds = await self._list(scope), KEPT_SECONDS
        except AwsCallError as failure:
            if scope not in self._failing:
                self._failing.add(scope)
                _log.warning(
                    "memory_metrics_unknown", scope=str(scope), error_code=failure.code.value, detail=failure.detail
                )
            series = before.series if before else _NO_AGENTS
            kept_seconds = _FAILURE_KEPT_SECONDS
        else:
            if scope in self._failing:
                self._failing.discard(scope)
                _log.info("memory_metrics_known_again", scope=str(scope))
        found = _Discovery(series=series, expires_at=self._clock() + kept_seconds)
        self._known[scope] = found
        return found

    async def _list(self, scope: AwsScope) -> KnownSeries:
        payload = {"Namespace": AGENT_NAMESPACE, "MetricName": MEMORY_METRIC, "RecentlyActive": "PT3H"}
        found: dict[InstanceId, list[Dimensions]] = {}
        for _ in range(_MOST_PAGES):
            answer = await self._reader.json(scope, cloudwatch(_OPERATION, payload))
            listed = _decode(answer.content)
            for metric in listed.metrics:
                dimensions = tuple(sorted((each.name, each.value) for each in metric.dimensions))
                instance_id = dict(dimensions).get("InstanceId")
                if instance_id is not None:
                    found.setdefault(InstanceId(instance_id), []).append(dimensions)
            if not listed.next_token:
                return {instance_id: _plainest(sets) for instance_id, sets in found.items()}
            payload["NextToken"] = listed.next_token
        raise bad_response(f"cloudwatch:{_OPERATION}", "the list does not end")


def _plainest(sets: list[Dimensions]) -> list[Dimensions]:
    """One series is enough: that of the instance alone where it is published, else those with the fewest
    dimensions."""
    fewest = min(map(len, sets))
    return [dimensions for dimensions in dict.fromkeys(sets) if len(dimensions) == fewest][:_MOST_SETS]


def _decode(body: bytes) -> _Listed:
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise bad_response(f"cloudwatch:{_OPERATION}", "the answer is not JSON as AWS writes it") from error
