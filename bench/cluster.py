"""Refreshes a second of one worker process and of two, beside the CPU that each part of a cluster takes for one.

A machine of two cores has no room for two workers that are busy beside the simulated cloud, PostgreSQL and Redis. So
each worker process is held to the same small share of a core: what is measured is whether a second one doubles what
they do together, or waits for the first.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
from tests.support.postgres import running_postgres
from tests.support.redis_server import running_redis

from bench.service_process import ServiceProcess, service_process
from bench.simulated_cloud import SimulatedCloud, simulated_cloud
from cmlfleet.observability.logs import configure_logs

WORKERS = 2_000  # eight groups
INTERVAL_SECONDS = 10  # 200 a second: more than two have CPU for, so that there always is a group to take
SHARE = 0.15  # of a core, for each worker process
PERIOD_SECONDS = 0.05
SETTLE_SECONDS = 5.0
MEASURED_SECONDS = 25.0
READY_SECONDS = 120.0


def run(workers: int = WORKERS) -> dict[str, Any]:
    """Figures of real processes on a real PostgreSQL and a real Redis."""
    with ExitStack() as stack:
        cloud = stack.enter_context(simulated_cloud(workers))
        postgres, redis = stack.enter_context(running_postgres()), stack.enter_context(running_redis())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment = {
            **cloud.environment,
            "CMLFLEET_DATABASE_URL": postgres.new_database(),
            "CMLFLEET_REDIS_URL": redis.url,
            "CMLFLEET_SECRET_KEY": "bench-" + "k" * 32,
            "CMLFLEET_REFRESH_INTERVAL": str(INTERVAL_SECONDS),
            "CMLFLEET_METRICS_PUBLIC": "true",
        }
        migrate = [sys.executable, "-m", "cmlfleet", "migrate"]
        subprocess.run(migrate, env={**os.environ, **environment}, check=True, capture_output=True)

        def start(roles: str) -> ServiceProcess:
            roles_of = environment | {"CMLFLEET_ROLES": roles}
            return stack.enter_context(service_process(cloud, folder=folder / roles, environment=roles_of))

        leader = start("api,scheduler")
        servers = {"api, scheduler": [leader.process.pid], "PostgreSQL": [postgres.pid], "Redis": [redis.pid]}
        one = start("worker")
        _until(lambda: leader.get("/api/v1/fleet")["workers"]["by_health"].get("ready") == workers)
        alone = _measure([one], servers, cloud)
        two = start("worker")
        _until(lambda: _refreshes(two) > workers)  # it has connections to most controllers by then
        together = _measure([one, two], servers, cloud)
        return {
            "workers": workers,
            "core_share_of_each_worker_process": SHARE,
            "one": alone,
            "two": together,
            "ratio": round(together["per_second"] / alone["per_second"], 2),
        }


def _measure(processes: list[ServiceProcess], servers: dict[str, list[int]], cloud: SimulatedCloud) -> dict[str, Any]:
    with ExitStack() as stack:
        for process in processes:
            stack.enter_context(_held_to_its_share(process.process.pid))
        time.sleep(SETTLE_SECONDS)  # what was done at full speed is behind them
        cloud.forget_calls()
        before, started = [_refreshes(process) for process in processes], time.perf_counter()
        groups = {"worker processes": [process.process.pid for process in processes], **servers}
        cpu, theirs = {name: _cpu_seconds(pids) for name, pids in groups.items()}, cloud.cpu_seconds()
        time.sleep(MEASURED_SECONDS)
        done = [_refreshes(process) - count for process, count in zip(processes, before, strict=True)]
        seconds, total = time.perf_counter() - started, sum(done)
        used = {name: _cpu_seconds(pids) - cpu[name] for name, pids in groups.items()}
        used["simulated cloud"] = cloud.cpu_seconds() - theirs
        calls = cloud.calls()
    return {
        "per_second": round(total / seconds, 1),
        "of_each": [round(count / seconds, 1) for count in done],
        "cpu_ms_per_refresh": {name: round(1000 * each / total, 2) for name, each in used.items()},
        "aws_calls": calls,
        "machine_busy": round(sum(used.values()) / seconds / (os.cpu_count() or 1), 2),
    }


@contextmanager
def _held_to_its_share(pid: int) -> Generator[None]:
    """Stopped and continued many times a second, as a scheduler with a quota does it."""
    ended = threading.Event()

    def hold() -> None:
        while not ended.is_set():
            os.kill(pid, signal.SIGCONT)
            time.sleep(SHARE * PERIOD_SECONDS)
            os.kill(pid, signal.SIGSTOP)
            time.sleep((1 - SHARE) * PERIOD_SECONDS)
        os.kill(pid, signal.SIGCONT)

    holding = threading.Thread(target=hold)
    holding.start()
    try:
        yield
    finally:
        ended.set()
        holding.join()


def _refreshes(process: ServiceProcess) -> int:
    """Those that read all three sources well."""
    with urllib.request.urlopen(f"{process.url}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    counts = (line for line in lines if line.startswith("cmlfleet_refresh_duration_seconds_count"))
    return round(sum(float(line.rpartition(" ")[2]) for line in counts if 'outcome="ok"' in line))


def _cpu_seconds(pids: list[int]) -> float:
    found = [each for pid in pids for each in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))]
    return sum(sum(each.cpu_times()[:2]) for each in found)


def _until(condition: Any) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("the cluster did not become ready")
        time.sleep(0.2)


if __name__ == "__main__":
    configure_logs(least=logging.ERROR)
    sys.stdout.write(json.dumps(run(), indent=2) + "\n")
