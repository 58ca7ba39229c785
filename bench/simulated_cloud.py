"""The simulator as a process of its own, so that its work is not counted as the product's."""

import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from cmlfleet.simulator.control_client import ControlClient

_EXPORT = re.compile(r"export (\w+)='?([^']*?)'?")
_STOP_SECONDS = 30


@dataclass(frozen=True)
class SimulatedCloud:
    """The variables that point at it, its control, and its process for CPU figures."""

    environment: dict[str, str]
    control: ControlClient
    process: psutil.Process

    def calls(self) -> dict[str, int]:
        """Calls to AWS since the last `forget_calls`, by operation."""
        totals: dict[str, int] = {}
        for entry in self.control.call("GET", "/calls")["calls"]:
            totals[entry["operation"]] = totals.get(entry["operation"], 0) + entry["count"]
        return totals

    def forget_calls(self) -> None:
        self.control.call("DELETE", "/calls")

    def cpu_seconds(self) -> float:
        used = self.process.cpu_times()
        return used.user + used.system


@contextmanager
def simulated_cloud(workers: int) -> Generator[SimulatedCloud]:
    """`cmlfleet simulate` with that many workers on free ports, terminated at the end."""
    command = [sys.executable, "-m", "cmlfleet", "simulate", "--workers", str(workers)]
    process = subprocess.Popen(
        [*command, "--aws-port", "0", "--cml-port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        environment: dict[str, str] = {}
        for line in process.stdout:
            if line.strip() == "ready":
                break
            if found := _EXPORT.fullmatch(line.strip()):
                environment[found[1]] = found[2]
        control = ControlClient(aws_url=environment["AWS_ENDPOINT_URL"])
        yield SimulatedCloud(environment, control, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)
