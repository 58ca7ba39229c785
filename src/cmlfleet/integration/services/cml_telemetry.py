"""What is counted and traced of each call to a controller."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from types import TracebackType

import structlog
from opentelemetry import metrics, trace
from opentelemetry.trace import Span, SpanKind, StatusCode

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.services.call_failure import CMLCallError

OUTCOME_OK = "ok"

_log = structlog.get_logger(__name__)
_tracer = trace.get_tracer("cmlfleet.integration.cml")
_counts: Counter[tuple[str, str]] = Counter()
"""Calls by operation and outcome: an instrument's own `add` would cost a tenth of a call each time."""


def _observe(_options: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
    return [
        metrics.Observation(count, {"operation": operation, "outcome": outcome})
        for (operation, outcome), count in tuple(_counts.items())
    ]


metrics.get_meter("cmlfleet.integration.cml").create_observable_counter(
    "cmlfleet.cml.calls",
    callbacks=[_observe],
    unit="{call}",
    description="Calls to CML controllers by route and outcome",
)


class ObservedCall:
    """Counts and traces one call; `operation` names the route's template, never the URL with its ids.

    A call that is cancelled counts as `timeout`: the limit of its reading passed. Without a trace under way there is
    no span, which would cost a fifth of the call.
    """

    __slots__ = ("_host", "_operation", "_span", "_started")

    def __init__(self, operation: str, *, method: str, host: str) -> None:
        self._operation = operation
        self._host = host
        self._started = time.perf_counter()
        self._span: Span | None = None
        if trace.get_current_span().is_recording():
            self._span = _tracer.start_span(
                f"CML {operation}",
                kind=SpanKind.CLIENT,
                attributes={
                    "http.request.method": method,
                    "server.address": host,
                    "cmlfleet.cml.operation": operation,
                },
            )

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            _counts[self._operation, OUTCOME_OK] += 1
        elif isinstance(error, asyncio.CancelledError):
            self._failed(ErrorCode.TIMEOUT, detail=None)
        elif isinstance(error, CMLCallError):
            self._failed(error.code, detail=error.detail)
        if self._span is not None:
            self._span.end()

    def _failed(self, code: ErrorCode, *, detail: str | None) -> None:
        _counts[self._operation, code.value] += 1
        if self._span is not None:
            self._span.set_status(StatusCode.ERROR, detail)
            self._span.set_attribute("error.type", code.value)
        _log.debug(
            "cml_call_failed",
            operation=self._operation,
            host=self._host,
            error_code=code.value,
            detail=detail,
            duration_ms=(time.perf_counter() - self._started) * 1000,
        )
