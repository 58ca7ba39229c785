"""`python -m bench.cost`: calls and dollars a month, from the constants the product works with.

One account and region, everything running, each worker refreshed once a minute; a month has 730 hours. EC2's calls
are free. GetMetricData costs $0.01 for 1,000 metrics requested, however many calls carry them. One by one means three
calls a worker and minute: DescribeInstances, DescribeInstanceStatus, and GetMetricData for CPU and memory.
"""

import sys
from dataclasses import dataclass
from math import ceil

from bench.table import table
from cmlfleet.domain.list_prices import GETMETRICDATA_USD_A_METRIC, HOURS_A_MONTH
from cmlfleet.domain.utilization import cloudwatch_period_seconds
from cmlfleet.integration.aws.get_metric_data import QUERIES_LIMIT
from cmlfleet.integration.aws.paging import LARGEST_PAGE

FLEETS = (10, 100, 1_000, 10_000)
INTERVAL_SECONDS = 60
MONTH_SECONDS = HOURS_A_MONTH * 3600
METRICS = 2  # CPU, and memory where an agent publishes it
CALLS_ONE_BY_ONE = 3


@dataclass(frozen=True, kw_only=True)
class Month:
    """Calls, and what they cost."""

    calls: float
    usd: float


def ours(workers: int, *, detailed_monitoring: bool, metrics: int) -> Month:
    """Two lists a sweep in pages, and each series when its next point can exist."""
    sweeps = MONTH_SECONDS / INTERVAL_SECONDS
    period_seconds = max(INTERVAL_SECONDS, cloudwatch_period_seconds(detailed_monitoring=detailed_monitoring))
    readings = MONTH_SECONDS / period_seconds
    return Month(
        calls=sweeps * 2 * ceil(workers / LARGEST_PAGE) + readings * ceil(workers * metrics / QUERIES_LIMIT),
        usd=readings * workers * metrics * GETMETRICDATA_USD_A_METRIC,
    )


def one_by_one(workers: int) -> Month:
    """Every worker on its own, every minute."""
    readings = MONTH_SECONDS / INTERVAL_SECONDS * workers
    return Month(calls=readings * CALLS_ONE_BY_ONE, usd=readings * METRICS * GETMETRICDATA_USD_A_METRIC)


def rows() -> list[tuple[str, ...]]:
    """A line for each fleet and kind of monitoring."""
    found: list[tuple[str, ...]] = []
    for workers in FLEETS:
        for detailed_monitoring in (False, True):
            cpu = ours(workers, detailed_monitoring=detailed_monitoring, metrics=1)
            both = ours(workers, detailed_monitoring=detailed_monitoring, metrics=METRICS)
            alone = one_by_one(workers)
            found.append(
                (
                    f"{workers:,}",
                    "detailed" if detailed_monitoring else "basic",
                    f"{cpu.calls:,.0f}",
                    f"{cpu.usd:,.2f}",
                    f"{both.calls:,.0f}",
                    f"{both.usd:,.2f}",
                    f"{alone.calls:,.0f}",
                    f"{alone.usd:,.2f}",
                )
            )
    return found


HEAD = (
    "workers",
    "monitoring",
    "calls, CPU alone",
    "$",
    "calls, with an agent's memory",
    "$",
    "calls one by one",
    "$",
)

if __name__ == "__main__":
    sys.stdout.write(table(HEAD, rows()) + "\n")
