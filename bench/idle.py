"""A service that has nothing to do but to monitor a hundred workers each minute."""

import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from bench.free_port import free_port
from bench.service_process import ServiceProcess, service_process
from bench.simulated_cloud import simulated_cloud

WORKERS = 100
WATCHED_SECONDS = 180.0
SETTLE_SECONDS = 75.0  # the first refresh of every worker, and a whole minute after it
_POLL_SECONDS = 1.0
_MIB = 1024 * 1024


def run(workers: int = WORKERS, watched_seconds: float = WATCHED_SECONDS) -> dict[str, Any]:
    """Memory (resident, MiB) and share of a core (percent) over some minutes."""
    with (
        simulated_cloud(workers) as cloud,
        tempfile.TemporaryDirectory() as folder,
        service_process(cloud.environment, folder=Path(folder), port=free_port()) as service,
    ):
        _wait_for_fleet(service, workers)
        time.sleep(SETTLE_SECONDS)
        cloud.forget_calls()
        process = psutil.Process(service.pid)
        before, started = process.cpu_times(), time.monotonic()
        time.sleep(watched_seconds)
        after, seconds = process.cpu_times(), time.monotonic() - started
        used = after.user + after.system - before.user - before.system
        return {
            "workers": workers,
            "watched_seconds": round(seconds),
            "memory_mib": round(process.memory_info().rss / _MIB, 1),
            "core_percent": round(100 * used / seconds, 2),
            "aws_calls": cloud.calls(),
        }


def _wait_for_fleet(service: ServiceProcess, workers: int) -> None:
    while True:
        page = service.get("/api/v1/workers?limit=1000")
        if len(page["items"]) == workers and all(item["last_refreshed_at"] for item in page["items"]):
            return
        time.sleep(_POLL_SECONDS)
