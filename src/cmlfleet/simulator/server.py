"""The simulator as one thing that starts and stops."""

import asyncio
import contextlib
import socket

import orjson
from aiohttp import web

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.cloud.call_ledger import CallLedger
from cmlfleet.simulator.cloud.endpoint import AwsEndpoint
from cmlfleet.simulator.cloud.throttle import Throttle
from cmlfleet.simulator.cloud.transition_times import TransitionTimes
from cmlfleet.simulator.cloud.world import CloudWorld
from cmlfleet.simulator.control import ControlApi
from cmlfleet.simulator.faults import FaultBoard
from cmlfleet.simulator.fleet import SimulatedFleet, loopback_address
from cmlfleet.simulator.plans import CML_PASSWORD, CML_USERNAME, HOME_REGION, Beat
from cmlfleet.simulator.scenarios import DEFAULT_SCENARIO, scenario
from cmlfleet.simulator.storyteller import Announce, Storyteller
from cmlfleet.simulator.timeline import Timeline

DEFAULT_WORKERS = 12
DEFAULT_SEED = 1
DEFAULT_AWS_PORT = 4567
DEFAULT_CML_PORT = 8443
DEFAULT_CML_VERSION = "2.9.1+build.7"
_SETTLE_SECONDS = 0.05  # how late a transition may be seen by a controller
_SHUTDOWN_SECONDS = 0.5  # for calls that are being answered; those that hang are cut off
_LARGEST_REQUEST_BYTES = 4 << 20


class SimulatorServer:
    """AWS on `aws_port` and the controllers on `cml_port` (0: any free one). `clock`, `faults`, `ledger`,
    `throttle`, `world` and `fleet` are there to be looked at and changed while it runs, in its event loop.

    Raises `UnknownScenarioError`, and `ValueError` for a CML version it cannot play.
    """

    def __init__(
        self,
        *,
        workers: int = DEFAULT_WORKERS,
        aws_port: int = 0,
        cml_port: int = 0,
        seed: int = DEFAULT_SEED,
        scenario_name: str = DEFAULT_SCENARIO,
        cml_version: str = DEFAULT_CML_VERSION,
        host: str = "127.0.0.1",
        clock: SimulationClock | None = None,
        times: TransitionTimes | None = None,
        announce: Announce | None = None,
    ) -> None:
        self.clock = clock or SimulationClock()
        self.faults = FaultBoard(seed=seed)
        self.ledger = CallLedger()
        self.throttle = Throttle(clock=self.clock)
        self.timeline = Timeline(clock=self.clock)
        self.scenario = scenario(scenario_name, workers=workers, seed=seed)
        self.world = CloudWorld(
            accounts=self.scenario.accounts, clock=self.clock, timeline=self.timeline, seed=seed, times=times
        )
        self.cml_port = cml_port or _free_port()
        self.fleet = SimulatedFleet(
            scenario=self.scenario,
            world=self.world,
            faults=self.faults,
            cml_port=self.cml_port,
            cml_version=cml_version,
            seed=seed,
        )
        self._storyteller = Storyteller(fleet=self.fleet, timeline=self.timeline, announce=announce or _say_nothing)
        self._host = host
        self._aws_port = aws_port
        self._runner: web.AppRunner | None = None
        self._settler: asyncio.Task[None] | None = None

    @property
    def aws_url(self) -> str:
        return f"http://{self._host}:{self._aws_port}"

    async def start(self) -> None:
        """Raises OSError when a port is taken."""
        await self.fleet.open()
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._aws_port).start()
        self._aws_port = int(self._runner.addresses[0][1])
        self._storyteller.begin(self.scenario.beats)
        self._settler = asyncio.create_task(self._settle())

    async def stop(self) -> None:
        if self._settler is not None:
            self._settler.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._settler
        if self._runner is not None:
            await self._runner.cleanup()
        await self.fleet.close()

    def environment(self) -> dict[str, str]:
        """The variables that make cmlfleet, boto3 and virl2_client use this simulator."""
        account = self.scenario.accounts[0]
        controllers = {"VIRL2_URL": f"https://{loopback_address(1)}:{self.cml_port}"} if self.scenario.workers else {}
        regions = dict.fromkeys(worker.region for worker in self.scenario.workers)
        return {
            "AWS_ENDPOINT_URL": self.aws_url,
            "AWS_REGION": HOME_REGION,
            "AWS_DEFAULT_REGION": HOME_REGION,
            "AWS_ACCESS_KEY_ID": account.access_key_id,
            "AWS_SECRET_ACCESS_KEY": account.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CMLFLEET_REGIONS": ",".join(regions) or HOME_REGION,
            "CMLFLEET_CML_USERNAME": CML_USERNAME,
            "CMLFLEET_CML_PASSWORD": CML_PASSWORD,
            "CMLFLEET_CML_ALLOWED_NETWORKS": "127.0.0.0/8",
            **controllers,
            "VIRL2_USER": CML_USERNAME,
            "VIRL2_PASS": CML_PASSWORD,
            "CML_VERIFY_CERT": "False",
        }

    def configuration(self) -> str:
        """What `cmlfleet.toml` needs to reach the scenario's other accounts; empty when there is only one."""
        tables: list[str] = []
        for account in self.scenario.accounts[1:]:
            plans = (plan for plan in self.scenario.workers if plan.account_id == account.account_id)
            regions = dict.fromkeys(plan.region for plan in plans)
            lines = [
                "[[accounts]]",
                f'id = "{account.account_id}"',
                f'role_arn = "arn:aws:iam::{account.account_id}:role/cmlfleet"',
                f"regions = {orjson.dumps(list(regions)).decode()}",
            ]
            if account.external_id is not None:
                lines.append(f'external_id = "{account.external_id}"')
            tables.append("\n".join(lines) + "\n")
        return "\n".join(tables)

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=_LARGEST_REQUEST_BYTES)
        endpoint = AwsEndpoint(world=self.world, faults=self.faults, ledger=self.ledger, throttle=self.throttle)
        app.router.add_post("/", endpoint.handle)
        app.router.add_get("/", endpoint.handle)
        control = ControlApi(
            world=self.world, fleet=self.fleet, faults=self.faults, ledger=self.ledger, clock=self.clock
        )
        control.add_to(app)
        return app

    async def _settle(self) -> None:
        while True:
            self.timeline.settle()
            await asyncio.sleep(_SETTLE_SECONDS)


def _say_nothing(_: Beat) -> None:
    """For those who only look at the consequences."""


def _free_port() -> int:
    """A port that no other simulator's controllers listen on."""
    with socket.socket() as probe:
        probe.bind((loopback_address(1), 0))
        return int(probe.getsockname()[1])
