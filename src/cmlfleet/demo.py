"""The demo: a training team's simulated cloud and the service beside it, on data that is thrown away."""

import asyncio
import contextlib
import logging
import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import uvloop
from cyclopts import Parameter
from rich.console import Console

from cmlfleet.application.commands.refresh_worker_metrics_command import RefreshWorkerMetricsCommand
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.application.queries.criteria import WorkerCriteria
from cmlfleet.application.queries.get_fleet_query import GetFleetQuery
from cmlfleet.application.queries.list_workers_query import ListWorkersQuery
from cmlfleet.cli.exit_codes import USAGE, CommandFailed
from cmlfleet.cli.layout import print_table
from cmlfleet.cli.worker_table import COLUMNS
from cmlfleet.composition import Service
from cmlfleet.demo_history import seed_history
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.observability.logs import configure_logs
from cmlfleet.persistence.migrate import SchemaMismatch
from cmlfleet.serve import PortTaken, serve
from cmlfleet.settings import ConfigurationError, load_settings
from cmlfleet.simulator.plans import Beat
from cmlfleet.simulator.scenarios import WorkerCountError
from cmlfleet.simulator.server import SimulatorServer

REFRESH_INTERVAL_SECONDS = 5  # a demo is watched for minutes: what changes shows within seconds
STORY_WORKERS = 12
POLL_SECONDS = 0.1
FIRST_REFRESH_SECONDS = 60.0

_console = Console()


def demo(
    *,
    workers: Annotated[int, Parameter(name="--workers", help="How many workers, at least 12.")] = STORY_WORKERS,
    port: Annotated[int, Parameter(name="--port", help="Where the service listens.")] = 8080,
    seed: Annotated[int, Parameter(name="--seed", help="The same seed gives the same fleet.")] = 1,
    data_dir: Annotated[Path | None, Parameter(name="--data-dir", help="Keep the data here.")] = None,
) -> None:
    """Simulator and service together, until Ctrl-C."""
    configure_logs(least=logging.ERROR)  # the terminal tells the story; what happened is in `cmlfleet events`
    with contextlib.ExitStack() as stack:
        folder = data_dir or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cmlfleet-demo-")))
        try:
            uvloop.run(_run(workers=workers, port=port, seed=seed, data_dir=folder))
        except WorkerCountError as error:
            raise CommandFailed(str(error), status=USAGE) from None
        except ConfigurationError as error:
            raise CommandFailed(f"configuration: {error}", status=USAGE) from None
        except PortTaken as error:
            raise CommandFailed(f"{error}; try another: make run PORT=8081, or --port 8081") from None
        except (StorageUnavailable, SchemaMismatch) as error:
            raise CommandFailed(str(error)) from None


async def _run(*, workers: int, port: int, seed: int, data_dir: Path) -> None:
    _say("starting the simulated cloud")
    simulator = SimulatorServer(workers=workers, seed=seed, scenario_name="team", announce=_tell)
    await simulator.start()
    try:
        token = os.environ.get("CMLFLEET_BOOTSTRAP_TOKEN") or secrets.token_urlsafe(32)
        os.environ.update(simulator.environment())
        environment = {
            **os.environ,
            "CMLFLEET_BOOTSTRAP_TOKEN": token,
            "CMLFLEET_REFRESH_INTERVAL": str(REFRESH_INTERVAL_SECONDS),
            "CMLFLEET_DISCOVERY_INTERVAL": str(REFRESH_INTERVAL_SECONDS),
        }
        environment.pop("CMLFLEET_DATABASE_URL", None)
        settings = load_settings(environ=environment, overrides={"port": port, "data_dir": data_dir})
        _say("starting the service")

        async def announce(service: Service, url: str) -> None:
            await _first_table(service, url, token, workers)

        await serve(settings, announce=announce)
    finally:
        _say("stopping")
        await simulator.stop()


async def _first_table(service: Service, url: str, token: str, workers: int) -> None:
    _say(f"adopting {workers} workers and reading each from EC2, CloudWatch and CML")
    query = ListWorkersQuery(WorkerCriteria(limit=1000))
    async with asyncio.timeout(FIRST_REFRESH_SECONDS):
        while True:
            page = await service.mediator.execute_async(query)
            if page.total >= min(workers, 1000) and all(view.last_refreshed_at for view in page.items):
                break
            await asyncio.sleep(POLL_SECONDS)
    await seed_history(service.storage.workers)
    await asyncio.gather(
        *(
            service.mediator.execute_async(RefreshWorkerMetricsCommand(WorkerId(view.id)))
            for view in page.items[:STORY_WORKERS]
        )
    )
    page = await service.mediator.execute_async(query)
    rows = msgspec.json.decode(msgspec.json.encode(page.items))
    _console.print()
    print_table(rows, columns=COLUMNS)
    _console.print()
    for region in (await service.mediator.execute_async(GetFleetQuery())).regions:
        if region.error_code is not None:
            _console.print(
                f"[red]{region.region}: {region.error_code}[/] {region.detail}", highlight=False, soft_wrap=True
            )
    for line in (
        f"[bold]{url}[/] shows this fleet; the API's documentation is at {url}/api/docs",
        f"Sign in there with the token [bold]{token}[/]",
        "or, in another terminal:",
        f"  export CMLFLEET_URL={url} CMLFLEET_TOKEN={token}",
        "  .venv/bin/cmlfleet workers watch",
        "  .venv/bin/cmlfleet fleet; .venv/bin/cmlfleet events --follow",
        "Watch sdwan-new boot from refused over 502 to ready within a minute; more will happen and be told here.",
        "Ctrl-C ends it all.",
    ):
        _console.print(line, highlight=False, soft_wrap=True)


def _tell(beat: Beat) -> None:
    _say(beat.description)


def _say(text: str) -> None:
    sys.stdout.write(f"==> {text}\n")
    sys.stdout.flush()
