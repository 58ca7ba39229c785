"""`make bench-full`: ten thousand workers over four regions in each of two accounts, for ten minutes."""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import arithmetic
from bench.records import Refreshes, percentile, wait_until
from bench.service_process import ServiceProcess, service_process
from bench.simulated_cloud import SimulatedCloud, simulated_cloud
from bench.table import table
from bench.watched_service import FILE_VARIABLE

INTERVAL_SECONDS = 60.0
SETTLE_SECONDS = 90.0  # after the first refresh of every worker: a whole sweep more
LOOK_EVERY_SECONDS = 5.0
LISTS_EVERY = 6  # looks
FILES_A_WORKER = 1  # the connection to its controller
FILES_BESIDE = 4000  # connections that are made anew before the old ones are gone
ASKED_MINUTES = 2
SMALLER = (100, 1000)
SMALLER_MINUTES = 5


@dataclass
class Watched:
    """What was measured of one fleet."""

    workers: int
    first_sweep_seconds: float
    refreshes: Refreshes
    minutes: float = 0.0
    cpu_seconds: float = 0.0
    memory_mib: list[float] = field(default_factory=list[float])
    memory_mib_asked: float = 0.0
    manual_seconds: list[float] = field(default_factory=list[float])
    list_seconds: list[float] = field(default_factory=list[float])
    metrics_seconds: list[float] = field(default_factory=list[float])
    metrics_workers: int = 0
    calls: dict[str, int] = field(default_factory=dict[str, int])
    allowed_calls_a_minute: float = 0.0
    stall_ms: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def cpu_seconds_a_minute(self) -> float:
        return self.cpu_seconds / self.minutes


def watch(cloud: SimulatedCloud, *, workers: int, minutes: float, asked_minutes: float) -> Watched:
    """One fleet for so long, left to its schedule; then some minutes in which it is also refreshed by hand, listed
    and scraped, so that what that costs is not counted as the schedule's."""
    with _watched_service(cloud) as (service, folder):
        seconds = service.wait_for_fleet(workers)
        wait_until(time.monotonic() + SETTLE_SECONDS)
        allowed = arithmetic.calls_a_minute(cloud)
        refreshes = Refreshes(folder / "data" / "cmlfleet.db", INTERVAL_SECONDS)
        found = Watched(workers, seconds, refreshes, allowed_calls_a_minute=allowed)
        stalls = Path(os.environ[FILE_VARIABLE])
        stalls.unlink(missing_ok=True)
        cloud.forget_calls()
        before, started = service.cpu_seconds(), time.monotonic()
        for moment in _moments(started, minutes):
            refreshes.look()
            found.memory_mib.append(service.memory_mib())
            wait_until(moment)
        refreshes.look()
        found.cpu_seconds, found.minutes = service.cpu_seconds() - before, (time.monotonic() - started) / 60
        found.calls = cloud.calls()
        if asked_minutes:
            by_hand = [each["id"] for each in service.get("/api/v1/workers?limit=100")["items"]]
            for look, moment in enumerate(_moments(time.monotonic(), asked_minutes)):
                _ask(service, found, by_hand[look % len(by_hand)], lists=look % LISTS_EVERY == 0)
                wait_until(moment)
        found.memory_mib_asked = service.memory_mib()
        found.stall_ms = json.loads(stalls.read_text())
        return found


def _moments(started: float, minutes: float) -> Iterator[float]:
    """When the looks end."""
    for look in range(int(minutes * 60 / LOOK_EVERY_SECONDS)):
        yield started + (look + 1) * LOOK_EVERY_SECONDS


@contextmanager
def _watched_service(cloud: SimulatedCloud) -> Generator[tuple[ServiceProcess, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ[FILE_VARIABLE] = str(Path(folder) / "stalls.json")
        with service_process(cloud, folder=Path(folder), module="bench.watched_service") as service:
            yield service, Path(folder)


def _ask(service: ServiceProcess, found: Watched, worker_id: str, *, lists: bool) -> None:
    found.manual_seconds.append(service.seconds_for(f"/api/v1/workers/{worker_id}/refresh", method="POST"))
    if not lists:
        return
    found.list_seconds.append(service.seconds_for("/api/v1/workers?limit=1000"))
    started = time.perf_counter()
    text = service.ask("/metrics")
    found.metrics_seconds.append(time.perf_counter() - started)
    found.metrics_workers = Counter(line.partition(b"{")[0] for line in text.splitlines())[b"cml_worker_info"]


def rows(found: Watched) -> list[tuple[str, str, str]]:
    """What, measured, aim."""
    ages, refreshes, memory = found.refreshes.ages, found.refreshes, found.memory_mib
    minute = max(1, int(60 / LOOK_EVERY_SECONDS))
    first, last = max(memory[:minute]), max(memory[-minute:])
    calls = sum(found.calls.values()) / found.minutes
    allowed = found.allowed_calls_a_minute
    return [
        ("workers, minutes", f"{found.workers}, {found.minutes:.1f}", ""),
        ("first sweep", f"{found.first_sweep_seconds:.0f} s", ""),
        ("refreshes", f"{refreshes.done}", ""),
        ("age of a record, median", f"{percentile(ages, 0.5):.1f} s", ""),
        ("age of a record, p99", f"{percentile(ages, 0.99):.1f} s", "< 75 s"),
        ("age of a record, oldest", f"{max(ages):.1f} s", ""),
        ("refreshes lost, doubled", f"{refreshes.lost}, {refreshes.doubled}", "0, 0"),
        ("CPU for a refresh", f"{1000 * found.cpu_seconds / refreshes.done:.2f} ms", ""),
        ("CPU", f"{100 * found.cpu_seconds_a_minute / 60:.1f} % of a core", ""),
        ("memory, largest in the first minute", f"{first:.0f} MiB", "< 1024 MiB"),
        ("memory, largest in the last minute", f"{last:.0f} MiB", "as in the first"),
        ("memory, after lists and scrapes", f"{found.memory_mib_asked:.0f} MiB", "< 1024 MiB"),
        ("AWS calls a minute", f"{calls:.1f} ({calls / allowed:.2f} x {allowed:.1f})", "<= 1.2 x"),
        ("of them", ", ".join(f"{name} {count}" for name, count in sorted(found.calls.items())), ""),
        ("refresh by hand, p99", f"{percentile(found.manual_seconds, 0.99):.2f} s", "< 2 s"),
        ("GET /workers?limit=1000, slowest", f"{1000 * max(found.list_seconds):.0f} ms", "< 300 ms"),
        (
            f"/metrics of {found.metrics_workers} workers, slowest",
            f"{1000 * max(found.metrics_seconds):.0f} ms",
            "< 500 ms",
        ),
        ("event loop's longest stall, by its own CPU", f"{found.stall_ms['cpu_ms']:.0f} ms", "< 100 ms"),
        ("event loop's longest stall, by the clock", f"{found.stall_ms['wall_ms']:.0f} ms", ""),
    ]


def slope_row(smaller: list[Watched], full: Watched) -> tuple[str, str, str]:
    """CPU that each further worker costs a minute."""
    few, more = smaller
    first = (more.cpu_seconds_a_minute - few.cpu_seconds_a_minute) / (more.workers - few.workers)
    second = (full.cpu_seconds_a_minute - more.cpu_seconds_a_minute) / (full.workers - more.workers)
    what = f"CPU a worker and minute, {few.workers} to {more.workers} and to {full.workers}"
    return what, f"{1000 * first:.2f} and {1000 * second:.2f} ms: {second / first:.2f} x", "<= 1.2 x"


def main() -> None:
    """Print the table; progress goes to standard error."""
    options = argparse.ArgumentParser(prog="python -m bench.full", description=__doc__)
    options.add_argument("--workers", type=int, default=10_000)
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--scenario", default="multi")
    options.add_argument("--without-slope", action="store_true", help="leave out the two smaller fleets")
    options.add_argument(
        "--crowded", action="store_true", help="more workers than files may be open: some share a controller"
    )
    chosen = options.parse_args()
    workers = chosen.workers if chosen.crowded else _that_fit(chosen.workers)
    smaller: list[Watched] = []
    if not chosen.without_slope:
        sys.stderr.write(f"==> {SMALLER} workers\n")
        smaller = _smaller(chosen.scenario, min(SMALLER_MINUTES, chosen.minutes))
    sys.stderr.write(f"==> {workers} workers\n")
    module = "bench.crowded_simulator" if chosen.crowded else "cmlfleet"
    with simulated_cloud(workers, scenario=chosen.scenario, module=module) as cloud:
        full = watch(cloud, workers=workers, minutes=chosen.minutes, asked_minutes=ASKED_MINUTES)
    lines = rows(full)
    if smaller:
        lines.append(slope_row(smaller, full))
    sys.stdout.write(table(("", "measured", "aim"), lines) + "\n")


def _that_fit(workers: int) -> int:
    """As many as the service and the simulator may have open files for, each."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    fit = (files - FILES_BESIDE) // FILES_A_WORKER
    if files == resource.RLIM_INFINITY or fit >= workers:
        return workers
    sys.stderr.write(f"no more than {files} files may be open here (ulimit -Hn): {fit} workers\n")
    return fit


def _smaller(scenario: str, minutes: float) -> list[Watched]:
    """One after the other: a service's file of stalls is named by the environment."""
    found: list[Watched] = []
    for workers in SMALLER:
        with simulated_cloud(workers, scenario=scenario) as cloud:
            found.append(watch(cloud, workers=workers, minutes=minutes, asked_minutes=0))
    return found


if __name__ == "__main__":
    main()
