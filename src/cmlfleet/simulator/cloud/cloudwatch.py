"""CloudWatch: GetMetricData, ListMetrics and PutMetricData, in the JSON protocol botocore speaks."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.cloud import metric_points, page_token
from cmlfleet.simulator.cloud.errors import AwsError
from cmlfleet.simulator.cloud.instance import CloudInstance
from cmlfleet.simulator.cloud.metric_points import Datapoint, PointHistory
from cmlfleet.simulator.cloud.metric_query import (
    MetricQuery,
    dimensions_of,
    parse_queries,
    validation_error,
)
from cmlfleet.simulator.cloud.region import CloudRegion
from cmlfleet.simulator.cloud.throttle import Throttle
from cmlfleet.simulator.faults import FaultBoard, FaultName

DATAPOINTS_LIMIT = 100_800
METRICS_PAGE = 500
_LISTED_FOR = timedelta(days=14)  # a metric without data for two weeks is not listed
_RECENTLY_ACTIVE = timedelta(hours=3)

EC2_NAMESPACE = "AWS/EC2"
AGENT_NAMESPACE = "CWAgent"
_UNITS = {metric_points.CPU: "Percent", metric_points.MEMORY: "Percent"}

Body = Mapping[str, Any]
Dimensions = tuple[tuple[str, str], ...]


class CloudWatch:
    def __init__(self, *, faults: FaultBoard, clock: SimulationClock, throttle: Throttle) -> None:
        self._faults = faults
        self._clock = clock
        self._throttle = throttle
        self._history = PointHistory()

    def get_metric_data(self, body: Body, region: CloudRegion) -> dict[str, Any]:
        queries = parse_queries(body.get("MetricDataQueries"))
        from_at, to_at = float(body["StartTime"]), float(body["EndTime"])
        if from_at >= to_at:
            raise validation_error("The parameter StartTime must be less than the parameter EndTime.")
        self._charge(queries, region, seconds=to_at - from_at)
        limit = min(int(body.get("MaxDatapoints") or DATAPOINTS_LIMIT), DATAPOINTS_LIMIT)
        newest_first = body.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        start, skip = page_token.decode(body.get("NextToken"))
        status = self._status_code(region)
        results: list[dict[str, Any]] = []
        for index in range(start, len(queries)):
            if limit == 0:
                return {"MetricDataResults": results, "Messages": [], "NextToken": page_token.encode(index, 0)}
            points = self._points(queries[index], region, from_at=from_at, to_at=to_at)
            if status == "InternalError":
                points = []
            if newest_first:
                points.reverse()
            points = points[skip:]
            taken = points[:limit]
            is_cut = len(taken) < len(points)
            results.append(_result(queries[index], taken, status="PartialData" if is_cut else status))
            if is_cut:
                token = page_token.encode(index, skip + len(taken))
                return {"MetricDataResults": results, "Messages": [], "NextToken": token}
            limit -= len(taken)
            skip = 0
        return {"MetricDataResults": results, "Messages": []}

    def list_metrics(self, body: Body, region: CloudRegion) -> dict[str, Any]:
        within = _RECENTLY_ACTIVE if body.get("RecentlyActive") == "PT3H" else _LISTED_FOR
        since = self._clock.now() - within
        namespace, name = body.get("Namespace"), body.get("MetricName")
        wanted = dimensions_of(body.get("Dimensions"))
        found = [
            (own_namespace, own_name, dimensions)
            for instance in region.instances.values()
            if metric_points.ran_since(instance, since)
            for own_namespace, own_name, dimensions in _series_of(instance)
            if namespace in (None, own_namespace)
            and name in (None, own_name)
            and all(_has_dimension(dimensions, each) for each in wanted)
        ]
        offset, _ = page_token.decode(body.get("NextToken"))
        page = found[offset : offset + METRICS_PAGE]
        answer: dict[str, Any] = {
            "Metrics": [
                {
                    "Namespace": own_namespace,
                    "MetricName": own_name,
                    "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
                }
                for own_namespace, own_name, dimensions in page
            ]
        }
        if offset + METRICS_PAGE < len(found):
            answer["NextToken"] = page_token.encode(offset + METRICS_PAGE, 0)
        return answer

    def put_metric_data(self, body: Body, region: CloudRegion) -> dict[str, Any]:
        """AWS's own namespaces are refused; what others publish is taken and kept nowhere."""
        namespace = str(body.get("Namespace", ""))
        if not namespace or namespace.startswith("AWS/"):
            raise AwsError(
                "InvalidParameterValue", f"The value {namespace} for parameter Namespace is invalid in {region.name}."
            )
        return {}

    def _charge(self, queries: list[MetricQuery], region: CloudRegion, *, seconds: float) -> None:
        estimated = sum(max(1, int(seconds // query.period_seconds)) for query in queries)
        if not self._throttle.admits_datapoints(
            account_id=region.account_id, region=region.name, datapoints=estimated
        ):
            raise AwsError("Throttling", "Rate exceeded")

    def _status_code(self, region: CloudRegion) -> str:
        where = {"account": region.account_id, "region": region.name, "operation": "GetMetricData"}
        if self._faults.active(FaultName.METRICS_INTERNAL_ERROR, **where):
            return "InternalError"
        if self._faults.active(FaultName.METRICS_PARTIAL, **where):
            return "PartialData"
        return "Complete"

    def _points(self, query: MetricQuery, region: CloudRegion, *, from_at: float, to_at: float) -> list[Datapoint]:
        instance = region.instances.get(dict(query.dimensions).get("InstanceId", ""))
        if instance is None or not self._has_series(query, instance):
            return []
        points = self._history.points(
            instance=instance,
            metric=query.metric,
            from_at=from_at // query.period_seconds * query.period_seconds,
            to_at=to_at,
            now_at=self._clock.now().timestamp(),
        )
        return query.over(points, spacing_seconds=metric_points.spacing_seconds(instance, query.metric))

    def _has_series(self, query: MetricQuery, instance: CloudInstance) -> bool:
        """Namespace, name, unit and the whole set of dimensions must be right, or there is nothing, silently."""
        if query.unit not in (None, _UNITS.get(query.metric)):
            return False
        if (query.namespace, query.metric, query.dimensions) not in _series_of(instance):
            return False
        if not self._faults.is_set(FaultName.NO_DATAPOINTS):
            return True
        return not self._faults.active(
            FaultName.NO_DATAPOINTS,
            worker=self._faults.worker_of(instance.instance_id),
            account=instance.account_id,
            region=instance.region,
        )


def _series_of(instance: CloudInstance) -> Iterator[tuple[str, str, Dimensions]]:
    own = (("InstanceId", instance.instance_id),)
    yield EC2_NAMESPACE, metric_points.CPU, own
    if instance.has_cloudwatch_agent:
        agent = (
            ("ImageId", instance.image_id),
            ("InstanceId", instance.instance_id),
            ("InstanceType", instance.instance_type.name),
        )
        yield AGENT_NAMESPACE, metric_points.MEMORY, agent


def _has_dimension(dimensions: Dimensions, wanted: tuple[str, str]) -> bool:
    name, value = wanted
    return any(own_name == name and value in ("", own_value) for own_name, own_value in dimensions)


def _result(query: MetricQuery, points: list[Datapoint], *, status: str) -> dict[str, Any]:
    return {
        "Id": query.query_id,
        "Label": query.label,
        "Timestamps": [point.at for point in points],
        "Values": [point.value for point in points],
        "StatusCode": status,
    }
