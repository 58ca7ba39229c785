"""What the records say of sources that fail, and AWS of how often it may be asked."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.finding import Finding, warning
from cmlfleet.domain.sources import ErrorCode, Outcome, Source, SourceStatus
from cmlfleet.integration.aws.adapters import AwsAdapters

_NAMES = {Source.EC2: "EC2", Source.CLOUDWATCH: "CloudWatch", Source.CML: "CML"}


def failing_readings(states: Iterable[CMLWorkerState]) -> Iterator[Finding]:
    """A line for each source and error that workers have now, with how many and since when."""
    failing: dict[tuple[Source, ErrorCode | None], list[SourceStatus]] = defaultdict(list)
    total = 0
    for state in states:
        total += 1
        for source, status in state.sources.items():
            if status.outcome is Outcome.ERROR:
                failing[source, status.error_code].append(status)
    for (source, code), statuses in sorted(failing.items(), key=lambda each: str(each[0])):
        since = min((status.failing_since for status in statuses if status.failing_since), default=None)
        began = "" if since is None else f", the first since {since:%Y-%m-%d %H:%M} UTC"
        yield warning(
            f"{_NAMES[source]} readings",
            f"{len(statuses)} of {total} workers: {code or 'failed'}{began}",
            fix="cmlfleet workers get NAME tells what was answered",
        )


def throttling(aws: AwsAdapters) -> Iterator[Finding]:
    """A line for each operation that AWS slowed down while it was asked just now."""
    for budget in aws.budgets.snapshot():
        if budget.throttled:
            yield warning(
                "AWS throttling",
                f"AWS slows down {budget.operation} in {budget.region} of {budget.account_id}: it alone is asked for "
                "less often until AWS relents",
                fix="see what else calls AWS in that account; Service Quotas raises the limit",
            )
