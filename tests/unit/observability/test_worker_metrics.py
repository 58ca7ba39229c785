"""The workers' gauges as Prometheus and as OpenTelemetry sees them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from tests.support.workers import NOW, new_state

from cmlfleet.application.queries.worker_view import worker_view
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, Health, WorkerStatus
from cmlfleet.domain.sources import Outcome, Source
from cmlfleet.observability.metrics.worker_metrics import GAUGES, IN_ONE_SLICE, WorkerMetrics


def running_state(worker_id: str = "w-1") -> CMLWorkerState:
    state = new_state(worker_id)
    state.status, state.health = WorkerStatus.RUNNING, Health.READY
    state.instance_type, state.cml_version, state.name = "c5.metal", "2.8.1+build.14", "class-a"
    state.cpu_utilization, state.memory_utilization, state.disk_utilization = 12.345, 50.0, 94.0
    state.labs_count, state.nodes_running, state.nodes_limit = 3, 0, 20
    state.cml_ready, state.ready_since = True, NOW - timedelta(seconds=1_234_567)
    state.launched_at = NOW - timedelta(seconds=2_000_000)
    state.sources[Source.EC2].read_at = NOW - timedelta(seconds=12.5)
    return state


def followed(*states: CMLWorkerState) -> WorkerMetrics:
    metrics = WorkerMetrics(clock=lambda: NOW)
    metrics.load(states)
    return metrics


async def samples(metrics: WorkerMetrics) -> list[Sample]:
    text = (await metrics.exposition()).decode()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def values_of(found: list[Sample], name: str) -> list[float]:
    return [sample.value for sample in found if sample.name == name]


async def test_each_figure_keeps_every_digit() -> None:
    found = await samples(followed(running_state()))
    assert values_of(found, "cml_worker_cpu_utilization_percent") == [12.345]
    assert values_of(found, "cml_worker_uptime_seconds") == [1_234_567]
    assert values_of(found, "cml_worker_nodes_running") == [0]
    assert values_of(found, "cml_worker_nodes_limit") == [20]


async def test_one_status_and_one_health_have_the_value_one() -> None:
    found = await samples(followed(running_state()))
    status = [sample for sample in found if sample.name == "cml_worker_status"]
    health = [sample for sample in found if sample.name == "cml_worker_health"]
    assert [(sample.labels["status"], sample.value) for sample in status] == [("running", 1)]
    assert [(sample.labels["health"], sample.value) for sample in health] == [("ready", 1)]


async def test_the_age_of_data_counts_from_the_last_good_reading_of_each_source() -> None:
    found = [sample for sample in await samples(followed(running_state())) if "data_age" in sample.name]
    assert [(sample.labels["source"], sample.value) for sample in found] == [("ec2", 12.5)]


async def test_the_data_of_a_source_that_does_not_apply_has_no_age() -> None:
    """A stopped worker's controller is not asked: its last answer is not stale, it is over."""
    state = running_state()
    state.sources[Source.CML].read_at = NOW - timedelta(hours=9)
    state.sources[Source.CML].outcome = Outcome.SKIPPED
    found = [sample for sample in await samples(followed(state)) if "data_age" in sample.name]
    assert [sample.labels["source"] for sample in found] == ["ec2"]


@pytest.mark.parametrize(
    ("launched_ago", "ready_ago", "reported", "uptime"),
    [(500, 400, None, 400), (300, 400, None, 300), (500, 400, 9000, 9060), (500, None, None, None)],
)
async def test_uptime_counts_from_the_later_of_launch_and_readiness_unless_cml_tells_its_own(
    launched_ago: int, ready_ago: int | None, reported: int | None, uptime: int | None
) -> None:
    """CML up to 2.10 has no uptime; a version that brings one knows better. Record and gauge say the same."""
    state = running_state()
    state.launched_at = NOW - timedelta(seconds=launched_ago)
    state.ready_since = None if ready_ago is None else NOW - timedelta(seconds=ready_ago)
    state.cml_reported_uptime_seconds = reported
    state.cml_reported_uptime_at = None if reported is None else NOW - timedelta(seconds=60)
    found = values_of(await samples(followed(state)), "cml_worker_uptime_seconds")
    assert found == ([] if uptime is None else [uptime])
    assert worker_view(state, now=NOW).cml_uptime_seconds == uptime


async def test_what_is_not_known_has_no_series() -> None:
    names = {sample.name for sample in await samples(followed(new_state()))}
    assert names == {"cml_worker_status", "cml_worker_health", "cml_worker_info"}


async def test_labels_are_escaped() -> None:
    state = running_state()
    state.name = 'a "quoted"\\name\nin two lines'
    (info,) = [sample for sample in await samples(followed(state)) if sample.name == "cml_worker_info"]
    assert info.labels["name"] == state.name
    assert info.labels["account_id"] == "111122223333"


@pytest.mark.parametrize("status", [WorkerStatus.TERMINATED, WorkerStatus.MISSING])
async def test_a_worker_that_is_gone_has_no_series_from_the_next_scrape_on(status: WorkerStatus) -> None:
    metrics = followed(running_state())
    gone = running_state()
    gone.status = status
    metrics.follow(None, gone)
    assert await metrics.exposition() == b""


async def test_a_forgotten_worker_has_none_either() -> None:
    state = running_state()
    metrics = followed(state, running_state("w-2"))
    metrics.follow(state, None)
    assert {sample.labels["worker_id"] for sample in await samples(metrics)} == {"w-2"}


async def test_a_large_fleet_is_written_whole_though_in_slices() -> None:
    many = 2 * IN_ONE_SLICE + 1
    found = await samples(followed(*(running_state(f"w-{number}") for number in range(many))))
    assert len(values_of(found, "cml_worker_status")) == many


async def test_opentelemetry_sees_the_same_series() -> None:
    metrics = followed(running_state(), new_state("w-2"))
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    metrics.observe_with(provider.get_meter("test"))
    collected = {
        (GAUGES[metric.name].prometheus, tuple(sorted(point.attributes.items())), float(point.value))
        for metric in _collected(reader)
        for point in metric.data.data_points
    }
    exposed = {(sample.name, tuple(sorted(sample.labels.items())), sample.value) for sample in await samples(metrics)}
    assert collected == exposed
    provider.shutdown()


async def test_opentelemetry_names_follow_from_prometheus_rules() -> None:
    suffixes = {"%": "_percent", "s": "", "1": "", "{lab}": "", "{node}": ""}
    for gauge in GAUGES.values():
        assert gauge.prometheus == gauge.otel.replace(".", "_") + suffixes[gauge.unit]


def _collected(reader: InMemoryMetricReader) -> Iterator[Any]:
    data = reader.get_metrics_data()
    assert data is not None
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            yield from scope.metrics


async def test_a_collection_reads_the_fleet_once_for_all_instruments() -> None:
    calls = 0
    state = running_state()

    def clock() -> Any:
        nonlocal calls
        calls += 1
        return NOW

    metrics = WorkerMetrics(clock=clock)
    metrics.load([state])
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    metrics.observe_with(provider.get_meter("test"))
    assert list(_collected(reader))
    assert calls == 1
    provider.shutdown()
