"""The simulator for tests: in the test's event loop, in a thread beside plain boto3, or as a process."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from cmlfleet.simulator.server import SimulatorServer

T = TypeVar("T")

ONE_ATTEMPT = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=30, connect_timeout=30)
_START_SECONDS = 30
_EXPORT = re.compile(r"export (\w+)='?([^']*?)'?")
_PROGRAM = "import sys; from cmlfleet.simulator.command import app; sys.exit(app(sys.argv[1:]))"
COMMAND = (sys.executable, "-c", _PROGRAM)
"""`cmlfleet simulate`, to be followed by its options."""
SOURCE_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}


@asynccontextmanager
async def running_simulator(**arguments: Any) -> AsyncGenerator[SimulatorServer]:
    """A `SimulatorServer(**arguments)` on free ports in this event loop, stopped at the end."""
    server = SimulatorServer(**arguments)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@contextmanager
def simulator_in_thread(**arguments: Any) -> Generator[SimulatorServer]:
    """The same in a thread of its own, for tests that block. Change it only through its AWS, its clock and its
    faults: the rest belongs to the thread."""
    started = threading.Event()
    stop: list[Callable[[], object]] = []
    servers: list[SimulatorServer] = []

    async def serve() -> None:
        ended = asyncio.Event()
        async with running_simulator(**arguments) as server:
            servers.append(server)
            loop = asyncio.get_running_loop()
            stop.append(lambda: loop.call_soon_threadsafe(ended.set))
            started.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    if not started.wait(_START_SECONDS):
        raise AssertionError("the simulator did not start")
    try:
        yield servers[0]
    finally:
        stop[0]()
        thread.join(_START_SECONDS)


@contextmanager
def simulator_process(*options: str) -> Generator[dict[str, str]]:
    """`cmlfleet simulate` as a process on free ports; gives the environment it prints. Terminated at the end."""
    process = subprocess.Popen(
        [*COMMAND, "--aws-port", "0", "--cml-port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
        env=SOURCE_ENVIRONMENT,
    )
    try:
        yield read_environment(process)
    finally:
        process.terminate()
        process.wait(_START_SECONDS)


def read_environment(process: subprocess.Popen[str]) -> dict[str, str]:
    """What the process exports before it says `ready`."""
    assert process.stdout is not None
    environment: dict[str, str] = {}
    for line in process.stdout:
        if line.strip() == "ready":
            return environment
        found = _EXPORT.fullmatch(line.strip())
        assert found is not None, line
        environment[found[1]] = found[2]
    raise AssertionError("the simulator ended before it was ready")


def boto_client(
    server: SimulatorServer,
    service: Any,
    *,
    region: str = "us-east-1",
    account: int = 0,
    access_key_id: str | None = None,
    config: Config = ONE_ATTEMPT,
) -> Any:
    """A plain boto3 client of the simulator's AWS, as one of the scenario's accounts or with a key of its own.
    Beside `running_simulator` use it through `in_thread`: the simulator needs the event loop meanwhile."""
    who = server.scenario.accounts[account]
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=server.aws_url,
        config=config,
        aws_access_key_id=access_key_id or who.access_key_id,
        aws_secret_access_key=who.secret_access_key,
    )


async def in_thread(call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run a blocking call beside the event loop."""
    return await asyncio.to_thread(call, *args, **kwargs)
