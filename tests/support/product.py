"""The product as a person runs it: `cmlfleet …` as real processes, each with its output kept line by line."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from ephemeral_port_reserve import reserve

from cmlfleet.simulator.control_client import ControlClient
from tests.support.waiting import wait_until

COMMAND = (str(Path(sys.executable).with_name("cmlfleet")),)
TOKEN = "acceptance-" + "a" * 32
START_SECONDS = 60.0  # two cores that others use too
STOP_SECONDS = 5.0  # what Ctrl-C is promised to take
_EXPORT = re.compile(r"export (\w+)='?([^']*?)'?")
_OURS = ("AWS_", "CMLFLEET_", "OTEL_", "VIRL2_", "CML_")


def clean_environment(home: Path, **variables: str) -> dict[str, str]:
    """This machine's variables without any that the product, botocore or OpenTelemetry read, and an empty home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return kept | {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")} | variables


@dataclass
class ProductProcess:
    """A running `cmlfleet`; `out` and `err` grow while it runs."""

    process: subprocess.Popen[str]
    out: list[str] = field(default_factory=list[str])
    err: list[str] = field(default_factory=list[str])
    _readers: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def read_along(self) -> None:
        """Keep the pipes empty from now on."""
        for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            assert stream is not None
            thread = threading.Thread(target=lines.extend, args=(stream,), daemon=True)
            thread.start()
            self._readers.append(thread)

    @property
    def text(self) -> str:
        """Everything that it said."""
        return "".join((*self.out, *self.err))

    def says(self, words: str, *, timeout_seconds: float = START_SECONDS) -> None:
        """Wait for words on either stream."""
        self.wait_for(lambda: words in self.text, what=repr(words), timeout_seconds=timeout_seconds)

    def wait_for(self, condition: Callable[[], object], *, what: str, timeout_seconds: float = START_SECONDS) -> None:
        """Wait for a condition; what the process said is part of the failure, and its end is one."""

        def holds() -> bool:
            if condition():
                return True
            if self.process.poll() is not None and not condition():
                raise AssertionError(f"it ended with {self.process.returncode} before {what}:\n{self.text}")
            return False

        try:
            wait_until(holds, timeout_seconds=timeout_seconds, what=what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text[-8000:]}") from None

    def send(self, number: signal.Signals) -> None:
        """A signal to this process alone."""
        self.process.send_signal(number)

    def ended(self, *, timeout_seconds: float = STOP_SECONDS) -> int:
        """Its exit status, with all its output read."""
        status = self.process.wait(timeout_seconds)
        for reader in self._readers:
            reader.join(timeout_seconds)
        return status

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.ended()


@contextmanager
def product(*arguments: str, environment: Mapping[str, str], folder: Path) -> Generator[ProductProcess]:
    """`cmlfleet ARGUMENTS` in `folder`; terminated at the end, killed when it does not listen."""
    running = ProductProcess(
        subprocess.Popen(
            [*COMMAND, *arguments],
            env={**environment, "PYTHONUNBUFFERED": "1"},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    running.read_along()
    try:
        yield running
    finally:
        running.process.terminate()
        try:
            running.ended(timeout_seconds=3 * STOP_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()


@dataclass(frozen=True)
class SimulatedCloud:
    """A simulator that runs: the variables it exports, its control, its process."""

    environment: dict[str, str]
    control: ControlClient
    running: ProductProcess

    def fault(self, name: str, worker: str | None = None, **parameters: Any) -> None:
        """Switch a fault on."""
        self.control.call("POST", "/faults", {"name": name, "worker": worker, "parameters": parameters})

    def mend(self) -> None:
        """Switch every fault off."""
        self.control.call("DELETE", "/faults")

    def in_console(self, worker: str, action: str) -> None:
        """What somebody does in the AWS console."""
        self.control.call("POST", f"/workers/{worker}/{action}")


@contextmanager
def simulated_cloud(folder: Path, *options: str) -> Generator[SimulatedCloud]:
    """`cmlfleet simulate` on free ports."""
    arguments = ("simulate", "--aws-port", "0", "--cml-port", "0", *options)
    with product(*arguments, environment=clean_environment(folder), folder=folder) as running:
        running.wait_for(lambda: "ready\n" in running.out, what="ready")
        exported = [_EXPORT.fullmatch(line.strip()) for line in running.out]
        environment = {found[1]: found[2] for found in exported if found is not None}
        yield SimulatedCloud(environment, ControlClient(aws_url=environment["AWS_ENDPOINT_URL"]), running)


@dataclass(frozen=True)
class RunningService:
    """A `cmlfleet serve` that answers."""

    running: ProductProcess
    url: str
    http: httpx2.Client

    def workers(self) -> dict[str, dict[str, Any]]:
        """Every record of the default list, by name."""
        return {worker["name"]: worker for worker in self.items("/api/v1/workers")}

    def worker(self, name: str) -> dict[str, Any]:
        """One record."""
        return self.workers()[name]

    def items(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        """A whole list, page after page."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, **parameters, **cursor, limit="1000")
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}

    def get(self, path: str, **parameters: str) -> Any:
        """The answer's JSON."""
        answer = self.http.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def cli(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """The command line against this service, as a script calls it."""
        return run_cli(*arguments, url=self.url, stdin=stdin)

    def until(self, condition: Callable[[], object], *, what: str, timeout_seconds: float = 30.0) -> None:
        """Wait for what the service records."""
        self.running.wait_for(condition, what=what, timeout_seconds=timeout_seconds)


@contextmanager
def served(
    cloud_variables: Mapping[str, str], folder: Path, *, port: int | None = None, **settings: str
) -> Generator[RunningService]:
    """`cmlfleet serve` on its data in `folder`; `settings` are variables without their prefix, in lower case."""
    port = port or free_port()
    variables = {
        "CMLFLEET_DATA_DIR": str(folder / "data"),
        "CMLFLEET_BOOTSTRAP_TOKEN": TOKEN,
        "CMLFLEET_REFRESH_INTERVAL": "1",
        "CMLFLEET_DISCOVERY_INTERVAL": "1",
        **{f"CMLFLEET_{name.upper()}": value for name, value in settings.items()},
    }
    environment = clean_environment(folder, **cloud_variables) | variables
    url = f"http://127.0.0.1:{port}"
    with (
        product("serve", "--port", str(port), environment=environment, folder=folder) as running,
        httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30) as http,
    ):
        running.wait_for(lambda: _is_ready(http), what="the service to be ready")
        yield RunningService(running, url, http)


def run_cli(
    *arguments: str,
    url: str,
    token: str | None = TOKEN,
    stdin: str = "",
    home: Path | None = None,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """`cmlfleet ARGUMENTS` to its end, without a terminal, in its home folder."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=cli_environment(url=url, token=token, home=home) | variables,
        cwd=home,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


def cli_environment(*, url: str, token: str | None = TOKEN, home: Path | None = None) -> dict[str, str]:
    """The client side's variables and nothing else of ours."""
    signed_in = {} if token is None else {"CMLFLEET_TOKEN": token}
    return clean_environment(home or Path(os.devnull), CMLFLEET_URL=url) | signed_in


def free_port() -> int:
    """One that nobody listens on now, and that the kernel gives to nobody else in the next minute."""
    return int(reserve())


def _is_ready(http: httpx2.Client) -> bool:
    try:
        return http.get("/readyz").status_code == 200
    except httpx2.TransportError:
        return False
