"""The real command line against a real service and a simulated cloud, one of each for all tests of a process."""

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.product import (
    RunningService,
    SimulatedCloud,
    cli_environment,
    run_cli,
    served,
    simulated_cloud,
)
from tests.support.terminal import Terminal, terminal

WORKERS = 4


@dataclass(frozen=True)
class Fleet:
    """A service with four workers of one region, all read, and the cloud they are in."""

    cloud: SimulatedCloud
    service: RunningService
    folder: Path

    def cli(self, *arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """A script's call."""
        return run_cli(*arguments, url=self.service.url, stdin=stdin, home=self.folder, **variables)

    def json(self, *arguments: str) -> Any:
        """What the command prints as JSON."""
        done = self.cli(*arguments, "-o", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def terminal(self, *arguments: str, columns: int = 120, rows: int = 40, **variables: str) -> Generator[Terminal]:
        """A person's call."""
        bare = cli_environment(url=self.service.url, home=self.folder)
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            bare.pop(name, None)
        environment = bare | {"TERM": "xterm-256color"} | variables
        with terminal(*arguments, environment=environment, folder=self.folder, columns=columns, rows=rows) as opened:
            yield opened

    def worker(self, number: int) -> dict[str, Any]:
        """The record of one of the four."""
        return self.service.worker(f"cml-worker-{number:05}")


@contextmanager
def running_fleet(folder: Path, *, workers: int = WORKERS, **settings: str) -> Generator[Fleet]:
    """A fleet of a test's own; after the first reading of each worker nothing is read unless asked for."""
    settings.setdefault("refresh_interval", "3600")
    with (
        simulated_cloud(folder, "--workers", str(workers)) as cloud,
        served(cloud.environment, folder, port=None, **settings) as service,
    ):

        def all_are_read() -> bool:
            found = service.workers().values()
            return len(found) == workers and all(worker["health"] == "ready" for worker in found)

        service.until(all_are_read, what="the first reading of each worker")
        yield Fleet(cloud, service, folder)


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Generator[Fleet]:
    """Nobody changes this one's workers: tests that do have a fleet of their own."""
    with running_fleet(tmp_path_factory.mktemp("fleet")) as running:
        yield running


@pytest.fixture(scope="module")
def own_fleet(tmp_path_factory: pytest.TempPathFactory) -> Generator[Fleet]:
    """For the tests of one file, which may change it."""
    with running_fleet(tmp_path_factory.mktemp("own-fleet"), discovery_interval="3600") as running:
        yield running
