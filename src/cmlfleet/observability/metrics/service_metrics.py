"""The service's own instruments, at `/metrics` and, where the standard variables say so, by OTLP."""

import os
from typing import Any

from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, generate_latest

from cmlfleet.application.queries.views import RefreshReport
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.observability.metrics.worker_metrics import WorkerMetrics

REFRESH_BUCKETS_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0)
BATCH_WINDOW_BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
MOST_SERIES = 200_000  # the SDK would keep 2,000 of an instrument and drop the rest


class ServiceMetrics:
    """Made once in a process: OpenTelemetry keeps one provider. `instance` tells its figures from those of the same
    service's other processes."""

    def __init__(self, workers: WorkerMetrics, *, instance: str) -> None:
        self._workers = workers
        self._resource = Resource.create({"service.name": "cmlfleet", "service.instance.id": instance})
        self._registry = CollectorRegistry()
        readers: list[Any] = [
            PrometheusMetricReader(disable_target_info=True, scope_info_enabled=False, registry=self._registry)
        ]
        self._provider = MeterProvider(
            resource=self._resource,
            metric_readers=[*readers, *_otlp_readers()],
            views=[
                View(
                    instrument_name="cmlfleet.refresh.duration",
                    aggregation=ExplicitBucketHistogramAggregation(REFRESH_BUCKETS_SECONDS),
                ),
                View(
                    instrument_name="cmlfleet.aws.batch.window",
                    aggregation=ExplicitBucketHistogramAggregation(BATCH_WINDOW_BUCKETS_SECONDS),
                ),
            ],
        )
        metrics.set_meter_provider(self._provider)
        meter = self._provider.get_meter("cmlfleet")
        self._duration = meter.create_histogram(
            "cmlfleet.refresh.duration", unit="s", description="Time that refreshes of one worker took."
        )
        self._failures = meter.create_counter(
            "cmlfleet.source.failures", unit="{failure}", description="Readings of a source that failed."
        )
        self._audit_failures = meter.create_counter(
            "cmlfleet.audit.failures", unit="{failure}", description="Audit entries that could not be written."
        )
        self._worker_provider: MeterProvider | None = None

    def push_workers(self) -> None:
        """Push the workers' gauges by OTLP, where it is configured: one process of an installation does."""
        otlp = _otlp_readers()
        if otlp and self._worker_provider is None:
            self._worker_provider = MeterProvider(
                resource=Resource.create({"service.name": "cmlfleet"}),
                metric_readers=otlp,
                views=[View(instrument_name="cml.worker.*", aggregation_cardinality_limit=MOST_SERIES)],
            )
            self._workers.observe_with(self._worker_provider.get_meter("cmlfleet"))

    def push_workers_no_more(self) -> None:
        """Another process does, or will."""
        provider, self._worker_provider = self._worker_provider, None
        if provider is not None:
            provider.shutdown()

    def observe_refresh(self, result: RefreshReport) -> None:
        """One refresh ended."""
        sources = {"ec2": result.sources.ec2, "cloudwatch": result.sources.cloudwatch, "cml": result.sources.cml}
        failed = False
        for source, report in sources.items():
            if report.error_code is not None:
                failed = True
                self._failures.add(1, {"source": source, "error_code": report.error_code})
        self._duration.record(result.duration_ms / 1000, {"outcome": "error" if failed else "ok"})

    def observe_audit_failure(self) -> None:
        """An entry of the audit trail was not written; the log holds it."""
        self._audit_failures.add(1)

    async def text(self, within: TeamLimit | None) -> bytes:
        """Both halves of `/metrics`; the service's own is not a team's affair."""
        own = generate_latest(self._registry) if within is None else b""
        return own + await self._workers.exposition(within)

    def close(self) -> None:
        """Push what is left and stop."""
        self._provider.shutdown()
        self.push_workers_no_more()


def _otlp_readers() -> list[Any]:
    wanted = os.environ.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if not wanted or off or os.environ.get("OTEL_METRICS_EXPORTER", "otlp") == "none":
        return []
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415 - heavy, rarely wanted
        OTLPMetricExporter,
    )
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415 - as above

    return [PeriodicExportingMetricReader(OTLPMetricExporter())]
