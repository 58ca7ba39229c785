"""Traces: a refresh is one, its calls lie below it. Nothing is recorded unless somebody is there to receive it."""

import os
from typing import Any

from opentelemetry import trace

from cmlfleet.application.mediator import Message, Next
from cmlfleet.application.principal import Principal


def configure_tracing() -> None:
    """Export traces by OTLP where the standard variables name an endpoint; recording doubles a refresh's cost."""
    wanted = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if not wanted or off or os.environ.get("OTEL_TRACES_EXPORTER", "otlp") == "none":
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - heavy, rarely wanted
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above

    provider = TracerProvider(resource=Resource.create({"service.name": "cmlfleet"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


async def traced(message: Message[Any], principal: Principal, proceed: Next) -> Any:
    """A step of the mediator's pipeline: one span a message, unless nobody is there to receive it."""
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return await proceed()
    with trace.get_tracer("cmlfleet").start_as_current_span(type(message).__name__) as span:
        span.set_attribute("cmlfleet.actor", principal.name)
        worker_id = getattr(message, "worker_id", None)
        if isinstance(worker_id, str):
            span.set_attribute("cmlfleet.worker_id", worker_id)
        return await proceed()
