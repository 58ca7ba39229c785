"""GetMetricData: up to 500 series a call, mapped back by the id of their query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from cmlfleet.domain.facts import Datapoint
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.call_failure import AwsCallError, bad_response
from cmlfleet.integration.aws.instruments import count_metrics_requested
from cmlfleet.integration.aws.metric_series import MetricSeries, asked_span
from cmlfleet.integration.aws.reader import AwsReader
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.service_call import cloudwatch

_OPERATION = "GetMetricData"
PERMISSION = f"cloudwatch:{_OPERATION}"
QUERIES_LIMIT = 500
_MOST_PAGES = 20  # a call of ours has at most 500 series of 20 points, a tenth of a page
_INTERNAL_ERROR = "InternalError"  # a series' status; its points may come when it is asked for again
_AGAIN = 1  # how often


class _Result(msgspec.Struct):
    query_id: str = msgspec.field(name="Id")
    timestamps: list[float] = msgspec.field(name="Timestamps", default_factory=list[float])
    values: list[float] = msgspec.field(name="Values", default_factory=list[float])
    status: str = msgspec.field(name="StatusCode", default="Complete")


class _Answer(msgspec.Struct):
    results: list[_Result] = msgspec.field(name="MetricDataResults", default_factory=list[_Result])
    next_token: str | None = msgspec.field(name="NextToken", default=None)


_decoder = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesReading:
    """The newest point of a series, None for an empty one; or that CloudWatch failed at this very series."""

    newest: Datapoint | None = None
    failure: AwsCallError | None = None


class GetMetricData:
    """`metrics_requested` counts the series asked for, each time: AWS bills them, whatever comes of the call."""

    def __init__(self, reader: AwsReader) -> None:
        self._reader = reader
        self.metrics_requested = 0

    async def newest(self, scope: AwsScope, series: Sequence[MetricSeries]) -> Mapping[MetricSeries, SeriesReading]:
        """The newest point within each series' window, for at most 500 of them. Raises `AwsCallError` when the call
        as a whole failed."""
        readings = await self._ask(scope, series)
        for _ in range(_AGAIN):
            failed = [each for each, reading in readings.items() if reading.failure]
            if not failed:
                break
            readings.update(await self._ask(scope, failed))
        return readings

    async def _ask(self, scope: AwsScope, series: Sequence[MetricSeries]) -> dict[MetricSeries, SeriesReading]:
        now = datetime.now(UTC)
        start, end = asked_span(now)
        by_id = {f"q{number}": each for number, each in enumerate(series)}
        payload: dict[str, Any] = {
            "MetricDataQueries": [each.query(query_id) for query_id, each in by_id.items()],
            "StartTime": start,
            "EndTime": end,
            "ScanBy": "TimestampDescending",
        }
        self.metrics_requested += len(series)
        count_metrics_requested(scope=scope, series=len(series))
        points: dict[str, tuple[float, float]] = {}
        statuses: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            answer = _decode((await self._reader.json(scope, cloudwatch(_OPERATION, payload))).content)
            for result in answer.results:
                statuses[result.query_id] = result.status
                for point in zip(result.timestamps, result.values, strict=False):
                    points[result.query_id] = max(point, points.get(result.query_id, point))
            if not answer.next_token:
                break
            payload["NextToken"] = answer.next_token
        else:
            raise bad_response(PERMISSION, "the answer does not end")
        return {
            each: _reading(each, now=now, point=points.get(query_id), status=statuses.get(query_id, ""))
            for query_id, each in by_id.items()
        }


def _reading(series: MetricSeries, *, now: datetime, point: tuple[float, float] | None, status: str) -> SeriesReading:
    if point is not None:
        at = datetime.fromtimestamp(point[0], UTC)
        return SeriesReading(newest=Datapoint(percent=point[1], at=at) if at >= now - series.target.window else None)
    if status == _INTERNAL_ERROR:
        failure = AwsCallError(
            ErrorCode.INTERNAL, "CloudWatch failed at this series (InternalError)", operation=PERMISSION
        )
        return SeriesReading(failure=failure)
    return SeriesReading()


def _decode(body: bytes) -> _Answer:
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise bad_response(PERMISSION, "the answer is not JSON as AWS writes it") from error
