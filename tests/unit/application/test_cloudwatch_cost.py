"""What CloudWatch is paid for, out of what each process has asked."""

from datetime import timedelta

from tests.support.workers import NOW

from cmlfleet.application.queries.get_system_query import cloudwatch_cost
from cmlfleet.application.queries.system_views import CloudWatchCostView, ProcessView


def _process(*, hours: float, requested: int) -> ProcessView:
    return ProcessView(
        id="p",
        roles=("worker",),
        leads=False,
        host="h",
        pid=1,
        version="0",
        started_at=NOW - timedelta(hours=hours),
        groups_running=0,
        aws_throttled=(),
        cloudwatch_metrics_requested=requested,
    )


def test_the_processes_that_run_now_are_summed_each_at_its_own_rate() -> None:
    # 73,000 metrics an hour for 730 hours are 53.29 million; 1,000 in ten hours are 73,000 a month.
    processes = [_process(hours=1, requested=73_000), _process(hours=10, requested=1_000)]
    expected = CloudWatchCostView(metrics_requested=74_000, usd=0.74, usd_per_month=533.63)
    assert cloudwatch_cost(processes, now=NOW) == expected


def test_a_start_that_asks_for_everything_at_once_makes_no_rate() -> None:
    young = cloudwatch_cost([_process(hours=0.1, requested=20_000)], now=NOW)
    assert young == CloudWatchCostView(metrics_requested=20_000, usd=0.2, usd_per_month=None)


def test_a_process_that_asks_nothing_has_no_part_in_it() -> None:
    processes = [_process(hours=0.1, requested=0), _process(hours=1, requested=1_000)]
    assert cloudwatch_cost(processes, now=NOW).usd_per_month == 7.3
