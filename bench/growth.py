"""`make bench-growth`: a thousand workers, a thousand more that appear at once, and the same thousand terminated."""

import re
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.records import Records, percentile
from bench.service_process import ServiceProcess, service_process
from bench.simulated_cloud import SimulatedCloud, simulated_cloud
from bench.table import table

WORKERS = 1000  # who is there from the beginning; as many come and go
INTERVAL_SECONDS = 60.0  # the default
SETTLE_SECONDS = 60.0
LOOK_EVERY_SECONDS = 1.0
GIVE_UP_SECONDS = 300.0
REQUESTS_AT_ONCE = 8  # to the simulator
_SCRAPED = re.compile(rb'^cml_worker_info\{.*?name="([^"]+)"', re.MULTILINE)


@dataclass
class Watch:
    """One change of the fleet: when what held, and how old the records of those that nothing happened to were."""

    records: Records
    others: frozenset[str]
    ages: list[float] = field(default_factory=list[float])
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    def until_all(self, conditions: dict[str, Callable[[], bool]]) -> None:
        """Look each second, from now on, and note when each condition holds for the first time."""
        started = time.monotonic()
        while len(self.seconds) < len(conditions) or time.monotonic() - started < INTERVAL_SECONDS:
            if time.monotonic() - started > GIVE_UP_SECONDS:
                missing = set(conditions) - set(self.seconds)
                raise RuntimeError(f"not within {GIVE_UP_SECONDS:.0f} s: {', '.join(missing)}")
            self.ages += [age for name, age in self.records.ages().items() if name in self.others]
            for what, holds in conditions.items():
                if what not in self.seconds and holds():
                    self.seconds[what] = time.monotonic() - started
            time.sleep(LOOK_EVERY_SECONDS)


def measure(cloud: SimulatedCloud, *, workers: int) -> list[tuple[str, str, str]]:
    """What, measured, aim."""
    names = [each["name"] for each in cloud.control.call("GET", "/workers")["workers"]]
    there, later = frozenset(names[:workers]), frozenset(names[workers:])
    _at_once(later, lambda name: cloud.control.call("POST", "/faults", {"name": "vanished", "worker": name}))
    with tempfile.TemporaryDirectory() as folder, service_process(cloud, folder=Path(folder)) as service:
        service.wait_for_fleet(workers)
        time.sleep(SETTLE_SECONDS)
        records = Records(Path(folder) / "data" / "cmlfleet.db")
        before = _groups(service)

        grown = Watch(records, there)
        cloud.control.call("DELETE", "/faults?name=vanished")
        grown.until_all(
            {
                "adopted": lambda: len(records.statuses()) == 2 * workers,
                "refreshed": lambda: len(records.ages()) == 2 * workers,
                "scraped": lambda: _scraped(service) == there | later,
            }
        )
        larger = _groups(service)

        shrunk = Watch(records, there)
        _at_once(later, lambda name: cloud.control.call("POST", f"/workers/{name}/terminate"))
        shrunk.until_all(
            {
                "terminated": lambda: {records.statuses()[name] for name in later} == {"terminated"},
                "unscraped": lambda: _scraped(service) == there,
                "unmonitored": lambda: sum(_groups(service)) == workers,
            }
        )
        kept = len(records.statuses())
        smaller = _groups(service)
    return [
        ("workers, more that appear at once", f"{workers}, {len(later)}", ""),
        ("until all are adopted", f"{grown.seconds['adopted']:.0f} s", "< 60 s"),
        ("until each is read from its sources", f"{grown.seconds['refreshed']:.0f} s", "< 60 s"),
        ("until all are in /metrics", f"{grown.seconds['scraped']:.0f} s", ""),
        ("age of the others' records meanwhile, p99", f"{percentile(grown.ages, 0.99):.1f} s", "< 75 s"),
        ("age of the others' records meanwhile, oldest", f"{max(grown.ages):.1f} s", ""),
        ("groups before and after", f"{before} and {larger}", "full"),
        ("the same terminated at once, until all are so here", f"{shrunk.seconds['terminated']:.0f} s", "< 75 s"),
        ("until none is in /metrics", f"{shrunk.seconds['unscraped']:.0f} s", "at the next scrape"),
        ("until none is monitored", f"{shrunk.seconds['unmonitored']:.0f} s", ""),
        ("age of the others' records meanwhile, p99", f"{percentile(shrunk.ages, 0.99):.1f} s", "< 75 s"),
        ("groups after it", f"{smaller}", "full"),
        ("records kept", f"{kept}", f"{2 * workers}"),
    ]


def _at_once(names: frozenset[str], act: Callable[[str], object]) -> None:
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as threads:
        list(threads.map(act, sorted(names)))


def _scraped(service: ServiceProcess) -> frozenset[str]:
    """Whom /metrics shows."""
    return frozenset(name.decode() for name in _SCRAPED.findall(service.ask("/metrics")))


def _groups(service: ServiceProcess) -> list[int]:
    """Workers in each monitoring group."""
    system: dict[str, Any] = service.get("/api/v1/system")
    return sorted((group["workers"] for group in system["groups"]), reverse=True)


def main() -> None:
    """Print the table."""
    with simulated_cloud(2 * WORKERS) as cloud:
        lines = measure(cloud, workers=WORKERS)
    sys.stdout.write(table(("", "measured", "aim"), lines) + "\n")


if __name__ == "__main__":
    main()
