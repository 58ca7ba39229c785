"""`make bench`: ours, two floors and the thread pool on one simulated cloud: what a refresh costs each."""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.floor_controllers import BY_HAND, WITH_LIBRARY
from bench.rival_process import rival_process
from bench.service_process import ServiceProcess, service_process
from bench.simulated_cloud import SimulatedCloud, simulated_cloud
from bench.table import table

WORKERS = 1000
MINUTES = 5  # what is due every five minutes is due once for each worker
INTERVAL_SECONDS = 60.0
POOL_WORKERS = 200  # its cost grows with their number alone, and a thousand would take minutes
SETTLE_SECONDS = 65.0  # the first refresh of every worker, and one after it


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one of the three. Calls are counted at the simulator."""

    refreshes: int
    cpu_seconds: float
    aws_calls: int
    controller_requests: int
    memory_mib: float

    @property
    def cpu_ms_per_refresh(self) -> float:
        return 1000 * self.cpu_seconds / self.refreshes


def run(workers: int = WORKERS, minutes: int = MINUTES, scenario: str = "steady") -> dict[str, Cost]:
    """The costs by name."""
    with simulated_cloud(workers, scenario=scenario) as cloud, tempfile.TemporaryDirectory() as folder:
        with service_process(cloud, folder=Path(folder)) as service:
            service.wait_for_fleet(workers)
            beside = beside_the_floors(cloud, service, workers=workers, minutes=minutes)
        return {**beside, "thread pool": _thread_pool(cloud)}


def beside_the_floors(
    cloud: SimulatedCloud, service: ServiceProcess, *, workers: int, minutes: int
) -> dict[str, Cost]:
    """All at the same time on the same cloud, so that whatever else the machine does strikes all of them."""
    with ExitStack() as stack:
        floors = {
            f"floor, {client}": stack.enter_context(
                rival_process("bench.floor", cloud, rounds=minutes, interval_seconds=INTERVAL_SECONDS, client=client)
            )
            for client in (WITH_LIBRARY, BY_HAND)
        }
        for floor in floors.values():
            floor.next()
        time.sleep(SETTLE_SECONDS)
        cloud.forget_calls()
        for floor in floors.values():
            floor.go()
        before, started = service.cpu_seconds(), time.monotonic()
        rounds = {name: [floor.next() for _ in range(minutes)] for name, floor in floors.items()}
        time.sleep(max(0.0, started + minutes * INTERVAL_SECONDS - time.monotonic()))
        ours = service.cpu_seconds() - before
        calls, requests = sum(cloud.calls().values()), cloud.controller_requests()
        costs = {
            name: Cost(
                refreshes=workers * minutes,
                cpu_seconds=sum(each["cpu_seconds"] for each in rounds[name]),
                aws_calls=sum(_aws_calls(each) for each in rounds[name]),
                controller_requests=sum(sum(each["calls"].values()) - _aws_calls(each) for each in rounds[name]),
                memory_mib=floor.next()["memory_mib"],
            )
            for name, floor in floors.items()
        }
    own = Cost(
        refreshes=workers * minutes,
        cpu_seconds=ours,
        aws_calls=calls - sum(cost.aws_calls for cost in costs.values()),
        controller_requests=requests - sum(cost.controller_requests for cost in costs.values()),
        memory_mib=service.memory_mib(),
    )
    return {"ours": own, **costs}


def _aws_calls(round_: dict[str, Any]) -> int:
    names = ("DescribeInstances", "DescribeInstanceStatus", "GetMetricData")
    return sum(round_["calls"].get(name, 0) for name in names)


def _thread_pool(cloud: SimulatedCloud) -> Cost:
    with rival_process("bench.thread_pool", cloud, workers=POOL_WORKERS) as pool:
        pool.next()
        cloud.forget_calls()
        swept = pool.next()
        return Cost(
            refreshes=POOL_WORKERS,
            cpu_seconds=swept["cpu_seconds"],
            aws_calls=sum(cloud.calls().values()),
            controller_requests=cloud.controller_requests(),
            memory_mib=swept["memory_mib"],
        )


def lines(costs: dict[str, Cost]) -> list[tuple[str, ...]]:
    """One for each of them."""
    ours = costs["ours"].cpu_ms_per_refresh
    return [
        (
            name,
            str(cost.refreshes),
            f"{cost.cpu_seconds:.2f}",
            f"{cost.cpu_ms_per_refresh:.2f}",
            f"{cost.cpu_ms_per_refresh / ours:.2f} x",
            f"{1000 * cost.aws_calls / cost.refreshes:.1f}",
            f"{cost.controller_requests / cost.refreshes:.1f}",
            f"{cost.memory_mib:.0f}",
        )
        for name, cost in costs.items()
    ]


HEAD = (
    "",
    "refreshes",
    "CPU s",
    "CPU ms each",
    "against ours",
    "AWS calls for 1,000",
    "requests to its controller",
    "memory MiB",
)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(prog="python -m bench.comparison", description=__doc__)
    options.add_argument("--workers", type=int, default=WORKERS)
    options.add_argument("--minutes", type=int, default=MINUTES)
    options.add_argument("--scenario", default="steady")
    chosen = options.parse_args()
    costs = run(chosen.workers, chosen.minutes, chosen.scenario)
    sys.stdout.write(table(HEAD, lines(costs)) + "\n")


if __name__ == "__main__":
    main()
