"""What leaves the service: `/metrics` under promtool's eye, and traces and metrics pushed by OTLP."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support.otlp_collector import OtlpCollector, running_collector
from tests.support.simulator import simulator_in_thread
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]
TOKEN = "t" * 40
WORKERS = 3
START_SECONDS = 30.0


@dataclass(frozen=True)
class Exporting:
    """A service that exports, where it answers, and the collector it pushes to."""

    url: str
    collector: OtlpCollector
    log: Path

    def get(self, path: str) -> bytes:
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def workers(self) -> list[dict[str, Any]]:
        return json.loads(self.get("/api/v1/workers"))["items"]


@pytest.fixture(scope="module")
def exporting(tmp_path_factory: pytest.TempPathFactory) -> Generator[Exporting]:
    folder = tmp_path_factory.mktemp("exporting")
    log = folder / "log"
    with simulator_in_thread(workers=WORKERS) as simulator, running_collector() as collector, log.open("wb") as sink:
        environment = {
            **os.environ,
            **simulator.environment(),
            "PYTHONPATH": str(ROOT / "src"),
            "CMLFLEET_DATA_DIR": str(folder / "data"),
            "CMLFLEET_BOOTSTRAP_TOKEN": TOKEN,
            "CMLFLEET_REFRESH_INTERVAL": "1",
            "CMLFLEET_DISCOVERY_INTERVAL": "1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_METRIC_EXPORT_INTERVAL": "200",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "cmlfleet", "serve", "--port", "0"], stderr=sink, env=environment, cwd=folder
        )
        try:
            yield Exporting(_address(log), collector, log)
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def _address(log: Path) -> str:
    def announced() -> list[str]:
        return [line for line in log.read_text().splitlines() if line.startswith("cmlfleet serves ")]

    wait_until(announced, timeout_seconds=START_SECONDS, what="the service's address in its log")
    return announced()[0].split()[2]


def _all_read(exporting: Exporting) -> None:
    def read() -> bool:
        found = exporting.workers()
        return len(found) == WORKERS and all(worker["cpu_utilization"] is not None for worker in found)

    wait_until(read, timeout_seconds=START_SECONDS, what="each worker's CPU")


def test_promtool_finds_nothing(exporting: Exporting) -> None:
    promtool = shutil.which("promtool") or str(ROOT / ".tools/usr/bin/promtool")
    _all_read(exporting)
    text = exporting.get("/metrics")
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr.decode()) == (0, "")


def test_every_instrument_of_the_interface_is_there(exporting: Exporting) -> None:
    _all_read(exporting)
    families = {family.name for family in text_string_to_metric_families(exporting.get("/metrics").decode())}
    assert families >= {
        "cml_worker_status",
        "cml_worker_cpu_utilization_percent",
        "cml_worker_memory_utilization_percent",
        "cml_worker_labs_count",
        "cml_worker_uptime_seconds",
        "cml_worker_health",
        "cml_worker_disk_utilization_percent",
        "cml_worker_nodes_running",
        "cml_worker_nodes_limit",
        "cml_worker_info",
        "cml_worker_data_age_seconds",
        "cmlfleet_refresh_duration_seconds",
        "cmlfleet_aws_calls",
        "cmlfleet_cml_calls",
    }


def test_a_batchs_window_is_told_apart_where_windows_are(exporting: Exporting) -> None:
    _all_read(exporting)
    families = {family.name: family for family in text_string_to_metric_families(exporting.get("/metrics").decode())}
    samples = families["cmlfleet_aws_batch_window_seconds"].samples
    bounds = {float(sample.labels["le"]) for sample in samples if sample.name.endswith("_bucket")}
    assert len([bound for bound in bounds if bound <= 1.0]) >= 8


def test_the_same_instruments_are_pushed(exporting: Exporting) -> None:
    wanted = {"cml.worker.status", "cml.worker.cpu_utilization", "cmlfleet.refresh.duration", "cmlfleet.aws.calls"}
    wait_until(lambda: wanted <= exporting.collector.metrics.keys(), what="the pushed instruments")
    points = exporting.collector.metrics["cml.worker.status"].gauge.data_points
    assert len(points) == WORKERS


def test_a_refresh_is_one_trace_with_its_calls_below_it(exporting: Exporting) -> None:
    _all_read(exporting)
    worker_id = exporting.workers()[0]["id"]
    request = urllib.request.Request(
        f"{exporting.url}/api/v1/workers/{worker_id}/refresh",
        method="POST",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200

    def asked() -> list[Any]:
        return [
            span
            for span in exporting.collector.spans
            if span.name == "RefreshWorkerMetricsCommand" and _attribute(span, "cmlfleet.actor") == "bootstrap"
        ]

    wait_until(asked, what="the refresh's span")
    refresh = asked()[0]
    assert _attribute(refresh, "cmlfleet.worker_id") == worker_id

    def calls() -> set[str]:
        return {span.name for span in exporting.collector.spans if span.trace_id == refresh.trace_id}

    wait_until(lambda: any(name.startswith("CML ") for name in calls()), what="the controller's calls")
    assert any(name.startswith("CML ") for name in calls())
    below = [span for span in exporting.collector.spans if span.parent_span_id == refresh.span_id]
    assert {span.name.split()[0].split(".")[0] for span in below} >= {"CML"}


def _attribute(span: Any, key: str) -> str | None:
    return next((entry.value.string_value for entry in span.attributes if entry.key == key), None)
