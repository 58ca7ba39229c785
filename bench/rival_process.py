"""A script that does the same work, as a process that is told its task and says in lines of JSON how it went."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from bench.simulated_cloud import SimulatedCloud

_STOP_SECONDS = 30


class Rival:
    """Its lines, one after the other."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def go(self) -> None:
        """What it has prepared may begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def next(self) -> dict[str, Any]:
        """Waits for it. Raises RuntimeError when it ended instead."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the script ended: {self._process.wait()}")
        return json.loads(line)


@contextmanager
def rival_process(module: str, cloud: SimulatedCloud, **task: Any) -> Generator[Rival]:
    """`python -m module`, terminated at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdin is not None
        told = {
            "aws_url": cloud.environment["AWS_ENDPOINT_URL"],
            "scopes": cloud.scopes(),
            "username": cloud.environment["CMLFLEET_CML_USERNAME"],
            "password": cloud.environment["CMLFLEET_CML_PASSWORD"],
            **task,
        }
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        yield Rival(process)
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)
