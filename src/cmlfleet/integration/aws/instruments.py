"""What is counted and traced of each call to AWS."""

import asyncio
import contextvars
import weakref
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Protocol

from opentelemetry import context as otel_context
from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.trace import SpanKind, StatusCode

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.call_failure import AwsCallError
from cmlfleet.integration.aws.scope import AwsScope

OUTCOME_OK = "ok"
NOT_WANTED = "not wanted any more"
"""The message of a cancellation because nobody needs the answer, not because a limit passed."""

tracer = trace.get_tracer("cmlfleet")
_meter = metrics.get_meter("cmlfleet")
_calls = _meter.create_counter("cmlfleet.aws.calls", unit="{call}", description="Calls to AWS by their outcome")
_batch_sizes = _meter.create_histogram(
    "cmlfleet.aws.batch.size", unit="{item}", description="Callers' questions that one batch answered"
)
_batch_windows = _meter.create_histogram(
    "cmlfleet.aws.batch.window", unit="s", description="How long a batch waited for more questions"
)
_metrics_requested = _meter.create_counter(
    "cmlfleet.aws.metrics_requested", unit="{metric}", description="Series asked of GetMetricData: AWS bills each"
)


class _BudgetState(Protocol):
    @property
    def operation(self) -> str: ...
    @property
    def factor(self) -> float: ...
    @property
    def account_id(self) -> str: ...
    @property
    def region(self) -> str: ...


class _Budgets(Protocol):
    def snapshot(self) -> Sequence[_BudgetState]: ...


_watched: "weakref.WeakSet[_Budgets]" = weakref.WeakSet()


def watch_budgets(budgets: _Budgets) -> None:
    """Show them as the gauge `cmlfleet.aws.budget`, until told otherwise or for as long as they live."""
    _watched.add(budgets)


def forget_budgets(budgets: _Budgets) -> None:
    _watched.discard(budgets)


def observe_budgets(_: CallbackOptions) -> Iterable[Observation]:
    """How much of its full size each budget has."""
    for budgets in list(_watched):
        for state in budgets.snapshot():
            yield Observation(
                state.factor,
                {"account_id": state.account_id, "region": state.region, "operation": state.operation},
            )


_meter.create_observable_gauge(
    "cmlfleet.aws.budget",
    callbacks=[observe_budgets],
    unit="1",
    description="How much of its full size the budget of an operation has: less than 1 after AWS throttled it",
)


def context_of_span() -> contextvars.Context:
    """A context for work that many share: below the present span, and without what else is bound to one caller,
    such as the worker that its log lines name."""
    present = otel_context.get_current()
    shared = contextvars.Context()
    shared.run(otel_context.attach, present)
    return shared


@contextmanager
def observed_call(*, service: str, operation: str, scope: AwsScope, address: str) -> Generator[None]:
    """Count and trace one call. One that is cancelled counts as `timeout`, a limit passed, unless the
    cancellation says `NOT_WANTED`: then as `cancelled`."""
    with tracer.start_as_current_span(
        f"AWS {operation}",
        kind=SpanKind.CLIENT,
        attributes={
            "rpc.system": "aws-api",
            "rpc.service": service,
            "rpc.method": operation,
            "server.address": address,
            "cloud.account.id": scope.account_id,
            "cloud.region": scope.region,
        },
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        outcome = OUTCOME_OK
        try:
            yield
        except asyncio.CancelledError as cancelled:
            outcome = "cancelled" if NOT_WANTED in cancelled.args else ErrorCode.TIMEOUT.value
            raise
        except AwsCallError as failure:
            outcome = failure.code.value
            span.set_status(StatusCode.ERROR, failure.detail)
            raise
        except BaseException:
            outcome = ErrorCode.INTERNAL.value
            raise
        finally:
            if outcome != OUTCOME_OK:
                span.set_attribute("error.type", outcome)
            _calls.add(1, {"service": service, "operation": operation, "outcome": outcome})


def count_call(*, service: str, operation: str, outcome: str) -> None:
    """Count a call that botocore made itself."""
    _calls.add(1, {"service": service, "operation": operation, "outcome": outcome})


def count_batch(*, batch: str, size: int, window_seconds: float) -> None:
    attributes = {"batch": batch}
    _batch_sizes.record(size, attributes)
    _batch_windows.record(window_seconds, attributes)


def count_metrics_requested(*, scope: AwsScope, series: int) -> None:
    _metrics_requested.add(series, {"account_id": scope.account_id, "region": scope.region})
