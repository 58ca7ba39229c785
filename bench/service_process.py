"""`cmlfleet serve` as a process, and how to ask it."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOKEN = "bench-" + "t" * 32
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.005


@dataclass(frozen=True)
class ServiceProcess:
    """Where it answers, its process id, and how long it took from its start until it was ready."""

    url: str
    pid: int
    ready_after_seconds: float

    def get(self, path: str) -> Any:
        """The JSON at a path of the API."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def service_process(environment: dict[str, str], *, folder: Path, port: int) -> Generator[ServiceProcess]:
    """A service on its own data, terminated at the end."""
    url = f"http://127.0.0.1:{port}"
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "cmlfleet", "serve", "--port", str(port)],
        env={**os.environ, **environment, "CMLFLEET_DATA_DIR": str(folder), "CMLFLEET_BOOTSTRAP_TOKEN": TOKEN},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _is_ready(url):
            if time.perf_counter() - started > _START_SECONDS or process.poll() is not None:
                raise RuntimeError("the service did not become ready")
            time.sleep(_POLL_SECONDS)
        yield ServiceProcess(url, process.pid, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=1) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
