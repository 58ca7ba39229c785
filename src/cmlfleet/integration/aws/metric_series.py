"""What CloudWatch is asked for: one series is one query, and is billed as one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cmlfleet.domain.identifiers import InstanceId

Dimensions = tuple[tuple[str, str], ...]
"""Names and values, sorted: CloudWatch finds a series only by its whole set."""

EC2_NAMESPACE, CPU_METRIC = "AWS/EC2", "CPUUtilization"
AGENT_NAMESPACE, MEMORY_METRIC = "CWAgent", "mem_used_percent"

DETAILED_PERIOD_SECONDS = 60
BASIC_PERIOD_SECONDS = 300
DETAILED_WINDOW = timedelta(minutes=5)
BASIC_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class MetricTarget:
    """An instance whose figures are wanted."""

    instance_id: InstanceId
    detailed_monitoring: bool

    @property
    def period_seconds(self) -> int:
        """How far its points lie apart."""
        return DETAILED_PERIOD_SECONDS if self.detailed_monitoring else BASIC_PERIOD_SECONDS

    @property
    def window(self) -> timedelta:
        """How old its newest point may be."""
        return DETAILED_WINDOW if self.detailed_monitoring else BASIC_WINDOW


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """One series of one target."""

    target: MetricTarget
    namespace: str
    metric: str
    dimensions: Dimensions

    def query(self, query_id: str) -> dict[str, Any]:
        """The MetricDataQuery. Without unit: one that does not match gives silently nothing."""
        return {
            "Id": query_id,
            "MetricStat": {
                "Metric": {
                    "Namespace": self.namespace,
                    "MetricName": self.metric,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions],
                },
                "Period": self.target.period_seconds,
                "Stat": "Average",
            },
        }


def cpu_series(target: MetricTarget) -> MetricSeries:
    return MetricSeries(target, EC2_NAMESPACE, CPU_METRIC, (("InstanceId", target.instance_id),))


def memory_series(target: MetricTarget, dimensions: Dimensions) -> MetricSeries:
    return MetricSeries(target, AGENT_NAMESPACE, MEMORY_METRIC, dimensions)


def asked_span(now: datetime) -> tuple[int, int]:
    """Start and end that cover every target's window, in seconds since 1970: on whole five minutes, so that the same
    point keeps its time from one reading to the next (CloudWatch counts periods from the start it is given)."""
    period = BASIC_PERIOD_SECONDS
    start = (now - BASIC_WINDOW).astimezone(UTC).timestamp() // period * period
    end = -(-now.timestamp() // period) * period
    return int(start), int(end)
