"""A service that has nothing to do but to monitor a hundred workers each minute."""

import tempfile
import time
from pathlib import Path
from typing import Any

from bench.service_process import service_process
from bench.simulated_cloud import simulated_cloud

WORKERS = 100
WATCHED_SECONDS = 300.0  # what is due every five minutes is due once
SETTLE_SECONDS = 75.0  # the first refresh of every worker, and a whole minute after it


def run(workers: int = WORKERS, watched_seconds: float = WATCHED_SECONDS) -> dict[str, Any]:
    """Memory (resident, MiB) and share of a core (percent) over some minutes."""
    with simulated_cloud(workers) as cloud, tempfile.TemporaryDirectory() as folder:
        with service_process(cloud, folder=Path(folder)) as service:
            service.wait_for_fleet(workers)
        # Another process on the same data: this one did not make the schema.
        with service_process(cloud, folder=Path(folder)) as service:
            memory_when_ready = service.memory_mib()
            time.sleep(SETTLE_SECONDS)
            cloud.forget_calls()
            before, started = service.cpu_seconds(), time.monotonic()
            time.sleep(watched_seconds)
            used, seconds = service.cpu_seconds() - before, time.monotonic() - started
            return {
                "workers": workers,
                "watched_seconds": round(seconds),
                "memory_mib_when_ready": round(memory_when_ready, 1),
                "memory_mib": round(service.memory_mib(), 1),
                "core_percent": round(100 * used / seconds, 2),
                "cpu_ms_per_refresh": round(1000 * used / (workers * seconds / 60), 2),
                "aws_calls": cloud.calls(),
            }
