"""Each call is counted by its route and outcome, and is a span below the reading's."""

from collections import Counter
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Sum
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.integration.cml.conftest import Scene
from tests.support.simulated_controller import PASSWORD

from cmlfleet.integration.services import cml_telemetry
from cmlfleet.simulator.fault_catalogue import FaultName


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> InMemoryMetricReader:
    reader = InMemoryMetricReader()
    meter = MeterProvider(metric_readers=[reader]).get_meter("test")
    monkeypatch.setattr(cml_telemetry, "_counts", Counter())
    meter.create_observable_counter("cmlfleet.cml.calls", callbacks=[cml_telemetry._observe])
    return reader


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> tuple[TracerProvider, InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(cml_telemetry, "_tracer", provider.get_tracer("test"))
    return provider, exporter


def counts(reader: InMemoryMetricReader) -> dict[tuple[Any, Any], int]:
    data = reader.get_metrics_data()
    assert data is not None
    total = data.resource_metrics[0].scope_metrics[0].metrics[0].data
    assert isinstance(total, Sum)
    found = [(dict(point.attributes or {}), point.value) for point in total.data_points]
    return {(attributes["operation"], attributes["outcome"]): int(value) for attributes, value in found}


async def test_calls_are_counted_by_route_and_outcome(scene: Scene, counted: InMemoryMetricReader):
    good = await scene.reader.read()
    scene.faults.set(FaultName.PART_FAILING, parameters={"route": "/system_stats"})
    await scene.reader.read_again(good)

    found = counts(counted)

    assert found["system_information", "ok"] == 2
    assert found["auth_extended", "ok"] == 1
    assert found["system_stats", "ok"] == 1
    assert found["system_stats", "bad_response"] == 1


async def test_spans_are_children_of_the_callers_and_hold_no_secret(
    scene: Scene, traced: tuple[TracerProvider, InMemorySpanExporter]
):
    provider, exporter = traced
    scene.controller.add_lab("Lab", "admin", 2)
    with provider.get_tracer("test").start_as_current_span("refresh") as refresh:
        await scene.reader.read()

    spans = [span for span in exporter.get_finished_spans() if span.name != "refresh"]

    assert {span.parent.span_id for span in spans if span.parent} == {refresh.get_span_context().span_id}
    assert {"CML system_information", "CML auth_extended", "CML labs"} <= {span.name for span in spans}
    text = " ".join(span.to_json() for span in spans)
    assert PASSWORD not in text
    assert "Bearer" not in text
