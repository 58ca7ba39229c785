"""The simulator for tests: in the test's own event loop, or its AWS half for boto3 in a thread."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from cmlfleet.simulator.server import SimulatorServer

T = TypeVar("T")

ONE_ATTEMPT = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=5, connect_timeout=5)


@asynccontextmanager
async def running_simulator(**arguments: Any) -> AsyncGenerator[SimulatorServer]:
    """A `SimulatorServer(**arguments)` on free ports, stopped at the end."""
    server = SimulatorServer(**arguments)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def boto_client(
    server: SimulatorServer,
    service: Any,
    *,
    region: str = "us-east-1",
    account: int = 0,
    access_key_id: str | None = None,
    config: Config = ONE_ATTEMPT,
) -> Any:
    """A plain boto3 client of the simulator's AWS, as one of the scenario's accounts or with a key of its
    own. Use it through `in_thread`: the simulator runs in the test's own event loop."""
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
