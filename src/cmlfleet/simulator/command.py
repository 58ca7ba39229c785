"""`cmlfleet simulate`: the simulator as a process of its own, and faults switched in one that runs."""

import asyncio
import os
import shlex
import signal
import sys
from typing import Annotated, Any
from urllib.parse import urlencode

import cyclopts
import structlog
import uvloop
from cyclopts import Parameter

from cmlfleet.simulator.control_client import ControlClient, SimulatorError
from cmlfleet.simulator.faults import CATALOGUE, FaultName, UnknownFaultError, fault_name
from cmlfleet.simulator.open_files import allow_files_for
from cmlfleet.simulator.plans import Beat
from cmlfleet.simulator.scenarios import DEFAULT_SCENARIO, SCENARIOS, UnknownScenarioError
from cmlfleet.simulator.server import (
    DEFAULT_AWS_PORT,
    DEFAULT_CML_PORT,
    DEFAULT_CML_VERSION,
    DEFAULT_SEED,
    DEFAULT_WORKERS,
    SimulatorServer,
)

USAGE_ERROR = 2
FAILED = 1
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

app = cyclopts.App(
    name="simulate", help="The simulator alone: AWS and CML controllers to work against, without either."
)


@app.default
def simulate(
    *,
    workers: Annotated[int, Parameter(validator=cyclopts.validators.Number(gte=0))] = DEFAULT_WORKERS,
    aws_port: int = DEFAULT_AWS_PORT,
    cml_port: int = DEFAULT_CML_PORT,
    seed: int = DEFAULT_SEED,
    scenario: str = DEFAULT_SCENARIO,
    cml_version: str = DEFAULT_CML_VERSION,
) -> int:
    """Run the simulator until it is interrupted. Prints `export NAME=value` lines, then `ready`.

    Parameters
    ----------
    workers
        How many CML workers there are.
    aws_port
        Where EC2, CloudWatch and STS answer, on 127.0.0.1 (0: any free port).
    cml_port
        Where each controller answers, on a loopback address of its own from 127.1.0.1 on (0: any free port).
    seed
        The same seed gives the same fleet.
    scenario
        steady: one region, all well. team: the demo's story. multi: four regions in each of two accounts.
        chaos: each worker has a fault of its own.
    cml_version
        The version the controllers play.
    """
    warning = allow_files_for(workers)
    if warning is not None:
        _say(f"warning: {warning}")
    if scenario not in SCENARIOS:
        _say(str(UnknownScenarioError(scenario)))
        return USAGE_ERROR
    try:
        server = SimulatorServer(
            workers=workers,
            aws_port=aws_port,
            cml_port=cml_port,
            seed=seed,
            scenario_name=scenario,
            cml_version=cml_version,
            announce=_announce,
        )
    except ValueError as mistake:
        _say(str(mistake))
        return USAGE_ERROR
    return _run(server)


def _faults_listed() -> str:
    width = max(map(len, FaultName))
    lines = [
        f"{name:<{width}}  {kind.scope:<10}  {kind.description}"
        + "".join(f"  --parameter.{key}: {meaning}" for key, meaning in kind.parameters.items())
        for name, kind in CATALOGUE.items()
    ]
    return "\n".join(lines)


@app.command(help_epilogue="The faults:\n\n" + _faults_listed(), help_format="plaintext")
def fault(
    name: str | None = None,
    /,
    *,
    worker: str | None = None,
    clear: bool = False,
    account: str | None = None,
    region: str | None = None,
    operation: str | None = None,
    rate: float = 1.0,
    times: int | None = None,
    parameter: Annotated[dict[str, str] | None, Parameter(name="--parameter")] = None,
    aws_port: int | None = None,
) -> int:
    """Switch a fault on, or off with --clear, in a simulator that runs. Without a name: list them all.

    Parameters
    ----------
    name
        The fault's name.
    worker
        The worker it strikes, by name, instance id or address; every worker when left out.
    clear
        Switch it off.
    account
        The account in which a fault of AWS strikes.
    region
        The region in which a fault of AWS strikes.
    operation
        The AWS operation it strikes, DescribeInstances for example.
    rate
        How often it strikes, above 0 to 1.
    times
        How many times it strikes, then it is over.
    parameter
        What the fault reads besides: `--parameter.seconds 5`.
    aws_port
        Where the simulator's AWS listens; else AWS_ENDPOINT_URL, else the usual port.
    """
    if name is None:
        sys.stdout.write(_faults_listed() + "\n")
        return 0
    try:
        wanted = fault_name(name)
    except UnknownFaultError as mistake:
        _say(str(mistake))
        return USAGE_ERROR
    client = ControlClient(aws_url=_aws_url(aws_port))
    try:
        if clear:
            scope = urlencode({"name": wanted} | ({} if worker is None else {"worker": worker}))
            changed = client.call("DELETE", f"/faults?{scope}")["faults"]
        else:
            body: dict[str, Any] = {
                "name": wanted,
                "worker": worker,
                "account": account,
                "region": region,
                "operation": operation,
                "rate": rate,
                "times": times,
                "parameters": parameter or {},
            }
            changed = client.call("POST", "/faults", body)["faults"]
    except SimulatorError as failure:
        _say(str(failure))
        return FAILED
    for each in changed:
        sys.stdout.write(f"{each['name']} {'off' if clear else 'on'} for {_whom(each)}\n")
    if not changed:
        _say(f"{wanted} was not on")
    return 0


def _run(server: SimulatorServer) -> int:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for the exports
    try:
        uvloop.run(_serve(server))
    except OSError as cause:
        _say(f"the simulator cannot listen: {cause}. Choose others with --aws-port and --cml-port, or 0.")
        return FAILED
    return 0


async def _serve(server: SimulatorServer) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, ended.set)
    await server.start()
    try:
        for variable, value in server.environment().items():
            sys.stdout.write(f"export {variable}={shlex.quote(value)}\n")
        if more_accounts := server.configuration():
            _say(f"the other accounts are reached with this in cmlfleet.toml:\n\n{more_accounts}")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await ended.wait()
    finally:
        await server.stop()


def _whom(fault: dict[str, Any]) -> str:
    scope = [fault[part] for part in ("worker", "account", "region", "operation") if fault[part] != "*"]
    return " ".join(map(str, scope)) or "everybody"


def _aws_url(aws_port: int | None) -> str:
    if aws_port is not None:
        return f"http://127.0.0.1:{aws_port}"
    return os.environ.get("AWS_ENDPOINT_URL") or f"http://127.0.0.1:{DEFAULT_AWS_PORT}"


def _announce(beat: Beat) -> None:
    _say(beat.description)


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()
