"""One query of GetMetricData, and the statistics over its points."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

from cmlfleet.simulator.cloud.errors import AwsError
from cmlfleet.simulator.cloud.metric_points import Datapoint

QUERIES_LIMIT = 500
_QUERY_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_SHORT_PERIODS = {1, 5, 10, 20, 30}
_MINUTE = 60

_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Minimum": min,
    "Maximum": max,
    "Sum": sum,
    "SampleCount": lambda values: float(len(values)),
}

_SAME_OF_ONE = frozenset({"Average", "Minimum", "Maximum", "Sum"})  # a single point is its own statistic


@dataclass(slots=True)
class MetricQuery:
    query_id: str
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    period_seconds: int
    statistic: str
    unit: str | None
    label: str

    def over(self, points: list[Datapoint], *, spacing_seconds: int) -> list[Datapoint]:
        """The statistic for each period that has points, stamped with the period's start."""
        if self.period_seconds <= spacing_seconds and self.statistic in _SAME_OF_ONE:
            return points
        reduce = _STATISTICS[self.statistic]
        period = self.period_seconds
        return [
            Datapoint(at, reduce([point.value for point in members]))
            for at, members in groupby(points, key=lambda point: point.at // period * period)
        ]


def dimensions_of(raw: object) -> tuple[tuple[str, str], ...]:
    """Dimensions in one order, so that two sets can be compared: CloudWatch wants them exactly."""
    listed = cast("list[dict[str, str]]", raw or [])
    return tuple(sorted((each["Name"], each.get("Value", "")) for each in listed))


def parse_queries(raw: object) -> list[MetricQuery]:
    """Raises `AwsError` ValidationError for what CloudWatch refuses."""
    listed = cast("list[dict[str, Any]]", raw or [])
    if not listed or len(listed) > QUERIES_LIMIT:
        raise validation_error(
            f"The collection MetricDataQueries must not have a size greater than {QUERIES_LIMIT}."
            if listed
            else "The parameter MetricDataQueries is required."
        )
    queries = [_parse_query(each) for each in listed]
    if len({query.query_id for query in queries}) < len(queries):
        raise validation_error("The values for parameter id in MetricDataQueries are not unique.")
    return queries


def _parse_query(raw: Mapping[str, Any]) -> MetricQuery:
    query_id = str(raw.get("Id", ""))
    if not _QUERY_ID.fullmatch(query_id):
        raise validation_error(f"The value {query_id} for parameter MetricDataQueries.member.Id is not matching.")
    stat = raw.get("MetricStat")
    if stat is None:
        raise validation_error("The simulator has metrics only: a query needs MetricStat, not Expression.")
    period = int(stat["Period"])
    if period not in _SHORT_PERIODS and (period < _MINUTE or period % _MINUTE):
        raise validation_error("Period must be 1, 5, 10, 20, 30, or a multiple of 60 seconds.")
    statistic = str(stat["Stat"])
    if statistic not in _STATISTICS:
        raise validation_error(f"The value {statistic} for parameter MetricStat.Stat is not supported.")
    metric = stat["Metric"]
    return MetricQuery(
        query_id=query_id,
        namespace=str(metric["Namespace"]),
        metric=str(metric["MetricName"]),
        dimensions=dimensions_of(metric.get("Dimensions")),
        period_seconds=period,
        statistic=statistic,
        unit=stat.get("Unit"),
        label=str(raw.get("Label", metric["MetricName"])),
    )


def validation_error(message: str) -> AwsError:
    return AwsError("ValidationError", message)
