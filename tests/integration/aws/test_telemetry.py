"""What is counted and traced: each call by its outcome, below the spans of those who asked."""

import asyncio

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.support.aws_scene import ACCOUNT, REGION, AwsScene, instance
from tests.support.waiting import until

from cmlfleet.integration.aws import batcher, instruments
from cmlfleet.simulator.faults import FaultName
from cmlfleet.simulator.plans import FIRST_ACCOUNT

Labels = frozenset[tuple[str, object]]


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> InMemoryMetricReader:
    reader = InMemoryMetricReader()
    meter = MeterProvider(metric_readers=[reader]).get_meter("test")
    monkeypatch.setattr(instruments, "_calls", meter.create_counter("calls"))
    monkeypatch.setattr(instruments, "_metrics_requested", meter.create_counter("requested"))
    monkeypatch.setattr(instruments, "_batch_sizes", meter.create_histogram("sizes"))
    meter.create_observable_gauge("budgets", callbacks=[instruments.observe_budgets])
    return reader


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> tuple[TracerProvider, InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for module in (batcher, instruments):
        monkeypatch.setattr(module, "tracer", provider.get_tracer("test"))
    return provider, exporter


def _points(reader: InMemoryMetricReader, name: str) -> dict[Labels, float]:
    data = reader.get_metrics_data()
    assert data is not None
    metrics = data.resource_metrics[0].scope_metrics[0].metrics
    found: dict[Labels, float] = {}
    for metric in metrics:
        for point in metric.data.data_points if metric.name == name else ():
            assert isinstance(point, NumberDataPoint | HistogramDataPoint)
            value = point.sum if isinstance(point, HistogramDataPoint) else point.value
            found[frozenset((point.attributes or {}).items())] = value
    return found


def _labels(**labels: object) -> Labels:
    return frozenset(labels.items())


async def test_calls_are_counted_by_service_operation_and_outcome(scene: AwsScene, metrics: InMemoryMetricReader):
    await scene.read(scene.ids()[0])
    await scene.metrics(scene.ids()[0])
    scene.faults.set(FaultName.DENIED, operation="DescribeInstances")
    await scene.read(scene.ids()[0])

    calls = _points(metrics, "calls")

    ec2 = {"service": "ec2", "operation": "DescribeInstances"}
    assert calls[_labels(**ec2, outcome="ok")] == 1
    assert calls[_labels(**ec2, outcome="access_denied")] == 1
    assert calls[_labels(service="cloudwatch", operation="GetMetricData", outcome="ok")] == 1
    assert calls[_labels(service="sts", operation="GetCallerIdentity", outcome="ok")] == 1


async def test_a_call_that_a_failed_sweep_needs_no_more_is_no_time_out(
    scene: AwsScene, metrics: InMemoryMetricReader
):
    scene.faults.set(FaultName.HANGING_REGION, operation="DescribeInstanceStatus")
    scene.faults.set(FaultName.DENIED, operation="DescribeInstances")
    await scene.read(scene.ids()[0], max_age_seconds=60.0)

    def outcomes() -> set[object]:
        return {
            dict(labels)["outcome"]
            for labels in _points(metrics, "calls")
            if dict(labels)["operation"] == "DescribeInstanceStatus"
        }

    await until(outcomes, what="the end of the other call")
    assert outcomes() == {"cancelled"}


async def test_series_and_batches_are_counted(scene: AwsScene, metrics: InMemoryMetricReader):
    agents = sum(each.instance.has_cloudwatch_agent for each in scene.server.fleet.workers.values())
    await asyncio.gather(*(scene.metrics(each) for each in scene.ids()))

    requested = _points(metrics, "requested")

    assert requested == {_labels(account_id=ACCOUNT, region=REGION): 12 + agents}
    assert _points(metrics, "sizes") == {_labels(batch="cloudwatch_metrics"): 12}


async def test_a_shrunk_budget_is_seen(scene: AwsScene, metrics: InMemoryMetricReader):
    scene.faults.set(FaultName.THROTTLING, operation="DescribeInstances", times=1)
    await scene.read(scene.ids()[0])
    where = {"account_id": ACCOUNT, "region": REGION}
    budgets = _points(metrics, "budgets")
    assert 0.5 <= budgets[_labels(**where, operation="DescribeInstances")] < 0.6
    assert budgets[_labels(**where, operation="DescribeInstanceStatus by id")] == 1.0


async def test_batched_calls_are_below_the_first_and_linked_to_the_others(
    scene: AwsScene, spans: tuple[TracerProvider, InMemorySpanExporter]
):
    provider, exporter = spans
    tracer = provider.get_tracer("test")

    async def refresh(number: int) -> None:
        with tracer.start_as_current_span(f"refresh {number}"):
            instance(await scene.read(scene.ids()[number]))

    await asyncio.gather(*(refresh(number) for number in range(3)))

    by_name = {span.name: span for span in exporter.get_finished_spans()}
    batch = by_name["AWS batch ec2_instances"]
    assert _parent(batch) == _id(by_name["refresh 0"])
    linked = {link.context.span_id for link in batch.links}
    assert linked == {_id(by_name["refresh 1"]), _id(by_name["refresh 2"])}
    for operation in ("DescribeInstances", "DescribeInstanceStatus"):
        call = by_name[f"AWS {operation}"]
        assert _parent(call) == _id(batch)
        assert dict(call.attributes or {})["cloud.region"] == REGION


async def test_a_failed_call_says_so_without_secrets(
    scene: AwsScene, spans: tuple[TracerProvider, InMemorySpanExporter]
):
    scene.faults.set(FaultName.DENIED, operation="DescribeInstances")
    await scene.read(scene.ids()[0])

    (span,) = (span for span in spans[1].get_finished_spans() if span.name == "AWS DescribeInstances")

    assert not span.status.is_ok
    assert dict(span.attributes or {})["error.type"] == "access_denied"
    everything = "".join(span.to_json() for span in spans[1].get_finished_spans())
    assert FIRST_ACCOUNT.secret_access_key not in everything
    assert "Signature=" not in everything


def _parent(span: ReadableSpan) -> int:
    assert span.parent is not None
    return span.parent.span_id


def _id(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.span_id
