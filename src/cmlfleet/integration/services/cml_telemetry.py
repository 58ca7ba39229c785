"""What is counted and traced of each call to a controller."""

import asyncio
import time
from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import contextmanager

import structlog
from opentelemetry import metrics, trace
from opentelemetry.trace import SpanKind, StatusCode

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


@contextmanager
def observed_call(operation: str, *, method: str, host: str) -> Generator[None]:
    """Count and trace one call; `operation` names the route's template, never the URL with its ids.

    A call that is cancelled counts as `timeout`: the limit of its reading passed.
    """
    span = _tracer.start_span(
        f"CML {operation}",
        kind=SpanKind.CLIENT,
        attributes={"http.request.method": method, "server.address": host, "cmlfleet.cml.operation": operation},
    )
    started = time.perf_counter()
    try:
        yield
    except asyncio.CancelledError:
        _counts[operation, ErrorCode.TIMEOUT.value] += 1
        span.set_attribute("error.type", ErrorCode.TIMEOUT.value)
        raise
    except CMLCallError as failure:
        _counts[operation, failure.code.value] += 1
        span.set_status(StatusCode.ERROR, failure.detail)
        span.set_attribute("error.type", failure.code.value)
        _log.debug(
            "cml_call_failed",
            operation=operation,
            host=host,
            error_code=failure.code.value,
            detail=failure.detail,
            duration_ms=(time.perf_counter() - started) * 1000,
        )
        raise
    else:
        _counts[operation, OUTCOME_OK] += 1
    finally:
        span.end()
