"""What is counted and traced of each call to a controller."""

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager

import structlog
from opentelemetry import metrics, trace
from opentelemetry.trace import SpanKind, StatusCode

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.services.call_failure import CMLCallError

OUTCOME_OK = "ok"

_log = structlog.get_logger(__name__)
_tracer = trace.get_tracer("cmlfleet.integration.cml")
_calls = metrics.get_meter("cmlfleet.integration.cml").create_counter(
    "cmlfleet.cml.calls", unit="{call}", description="Calls to CML controllers by route and outcome"
)
_OK_ATTRIBUTES: dict[str, dict[str, str]] = {}  # one per operation; a call makes no new ones


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
        _calls.add(1, {"operation": operation, "outcome": ErrorCode.TIMEOUT.value})
        span.set_attribute("error.type", ErrorCode.TIMEOUT.value)
        raise
    except CMLCallError as failure:
        _calls.add(1, {"operation": operation, "outcome": failure.code.value})
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
        _calls.add(1, _ok_attributes(operation))
    finally:
        span.end()


def _ok_attributes(operation: str) -> dict[str, str]:
    attributes = _OK_ATTRIBUTES.get(operation)
    if attributes is None:
        attributes = _OK_ATTRIBUTES[operation] = {"operation": operation, "outcome": OUTCOME_OK}
    return attributes
