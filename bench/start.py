"""From the start of the process until `/readyz` says ready."""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from bench.service_process import service_process
from bench.simulated_cloud import simulated_cloud

STARTS = 5


def run(starts: int = STARTS) -> dict[str, Any]:
    """Seconds to ready: with an empty folder first (the schema is made), then with what is there."""
    seconds: list[float] = []
    with simulated_cloud(12) as cloud, tempfile.TemporaryDirectory() as folder:
        for _ in range(starts + 1):
            with service_process(cloud, folder=Path(folder)) as service:
                seconds.append(service.ready_after_seconds)
    first, *later = seconds
    return {
        "first_seconds": round(first, 2),
        "later_seconds_median": round(statistics.median(later), 2),
        "later_seconds_max": round(max(later), 2),
    }
