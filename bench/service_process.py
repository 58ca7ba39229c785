"""`cmlfleet serve` as a process, and how to ask it."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.free_port import free_port
from bench.simulated_cloud import SimulatedCloud

TOKEN = "bench-" + "t" * 32
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_POLL_SECONDS = 0.005
_FLEET_POLL_SECONDS = 1.0
_MIB = 1024 * 1024


@dataclass(frozen=True)
class ServiceProcess:
    """Where it answers, its process, and how long it took from its start until it was ready."""

    url: str
    process: psutil.Process
    ready_after_seconds: float

    def get(self, path: str) -> Any:
        """The JSON at a path of the API."""
        return json.loads(self.ask(path))

    def ask(self, path: str, *, method: str = "GET") -> bytes:
        """The answer as it comes."""
        request = urllib.request.Request(self.url + path, method=method, headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def seconds_for(self, path: str, *, method: str = "GET") -> float:
        """How long an answer takes, connection included."""
        started = time.perf_counter()
        self.ask(path, method=method)
        return time.perf_counter() - started

    def cpu_seconds(self) -> float:
        """By the operating system's account of the process."""
        used = self.process.cpu_times()
        return used.user + used.system

    def memory_mib(self) -> float:
        """Resident."""
        return self.process.memory_info().rss / _MIB

    def wait_for_fleet(self, workers: int, *, share: float = 1.0) -> float:
        """Until so many workers (or this share of them) have been refreshed; the seconds it took."""
        started = time.perf_counter()
        while self._refreshed() < workers * share:
            time.sleep(_FLEET_POLL_SECONDS)
        return time.perf_counter() - started

    def _refreshed(self) -> int:
        page = self.get("/api/v1/workers?limit=1&last_refreshed_at.gt=2000-01-01T00:00:00Z")
        return page["total"]


@contextmanager
def service_process(
    cloud: SimulatedCloud, *, folder: Path, module: str = "cmlfleet", environment: Mapping[str, str] | None = None
) -> Generator[ServiceProcess]:
    """A service on its own data in `folder`, terminated at the end; `environment` holds further settings."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = folder / "cmlfleet.toml"
    settings.write_text(cloud.accounts)
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", module, "serve", "--port", str(port), "--config", str(settings)],
        env={
            **os.environ,
            **cloud.environment,
            **(environment or {}),
            "CMLFLEET_DATA_DIR": str(folder / "data"),
            "CMLFLEET_BOOTSTRAP_TOKEN": TOKEN,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _is_ready(url):
            if time.perf_counter() - started > _START_SECONDS or process.poll() is not None:
                raise RuntimeError("the service did not become ready")
            time.sleep(_POLL_SECONDS)
        yield ServiceProcess(url, psutil.Process(process.pid), time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=1) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
