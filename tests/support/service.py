"""The service in the test's event loop: real storage, real HTTP on a free port, a simulator beside it."""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from cmlfleet.composition import Service
from cmlfleet.http_server import HttpServer
from cmlfleet.settings import load_settings
from cmlfleet.simulator.server import SimulatorServer
from tests.support.simulator import running_simulator
from tests.support.waiting import until

BOOTSTRAP_TOKEN = "bootstrap-" + "t" * 32
_START_SECONDS = 20.0
_ANSWER_SECONDS = 120.0  # of an import of hundreds, as below
_ADOPTION_SECONDS = 120.0  # hundreds of workers on two cores that others use too


@dataclass
class RunningService:
    """The service, the simulator it works against, and a client signed in with the bootstrap token."""

    service: Service
    simulator: SimulatorServer
    client: httpx2.AsyncClient
    url: str
    tokens: dict[str, str] = field(default_factory=dict[str, str])

    def as_(self, token: str | None) -> dict[str, str]:
        """Headers that replace the client's own token; None: no token at all."""
        return {"Authorization": "" if token is None else f"Bearer {token}"}

    async def token_of(self, role: str) -> str:
        """A token of that role, made once."""
        if role not in self.tokens:
            answer = await self.client.post("/api/v1/tokens", json={"name": f"test {role}", "role": role})
            assert answer.status_code == 201, answer.text
            self.tokens[role] = answer.json()["token"]
        return self.tokens[role]

    async def workers(self) -> list[dict[str, Any]]:
        """Every record of the default list."""
        answer = await self.client.get("/api/v1/workers", params={"limit": 1000})
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def worker(self, name: str) -> dict[str, Any]:
        """The record with that name."""
        return next(worker for worker in await self.workers() if worker["name"] == name)

    async def refresh(self, worker_id: str) -> dict[str, Any]:
        """The result of a refresh as a person asks for it."""
        answer = await self.client.post(f"/api/v1/workers/{worker_id}/refresh")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def adopt_all(self) -> list[dict[str, Any]]:
        """Import the whole simulated fleet of the home region and wait until nothing more happens by itself: each
        first refresh, and the first fire of the monitoring group that an adoption opens."""
        instances = [worker.instance for worker in self.simulator.fleet.workers.values()]
        region = instances[0].region
        answer = await self.client.post(
            "/api/v1/workers/import",
            json={"region": region, "instance_ids": [entry.instance_id for entry in instances]},
        )
        assert answer.status_code == 200, answer.text

        read_ever = {"limit": 1, "last_refreshed_at.gt": "2000-01-01T00:00:00Z"}

        async def all_read() -> bool:
            return (await self.client.get("/api/v1/workers", params=read_ever)).json()["total"] == len(instances)

        async def has_fired() -> bool:
            answer = await self.client.get("/api/v1/system")
            return any(group["last_fire_at"] for group in answer.json()["groups"])

        await until(all_read, timeout_seconds=_ADOPTION_SECONDS, what="each worker's first refresh")
        await until(has_fired, timeout_seconds=_START_SECONDS, what="the group's first fire")
        return await self.workers()


@asynccontextmanager
async def running_service(
    folder: Path,
    *,
    workers: int = 3,
    simulated: dict[str, Any] | None = None,
    knows_account: bool = True,
    **variables: str,
) -> AsyncGenerator[RunningService]:
    """A service on an empty database in `folder`; `variables` are settings without their prefix, in lower case.

    Nothing is adopted and nothing refreshed by itself unless a test asks for it. Without `knows_account`, AWS refuses
    to say whose the credentials are until the test clears the fault.
    """
    async with running_simulator(workers=workers, **(simulated or {})) as simulator:
        if not knows_account:
            simulator.faults.set("expired-credentials", operation="GetCallerIdentity")
        environment = {
            **simulator.environment(),
            "CMLFLEET_DATA_DIR": str(folder),
            "CMLFLEET_BOOTSTRAP_TOKEN": BOOTSTRAP_TOKEN,
            "CMLFLEET_DISCOVERY_TAGS": "",
            "CMLFLEET_REFRESH_INTERVAL": "3600",
            **{f"CMLFLEET_{name.upper()}": value for name, value in variables.items()},
        }
        with _environment(environment):
            settings = load_settings(environ=environment)
            service = Service(settings)
            await service.start()
            listener = socket.create_server(("127.0.0.1", 0))
            server = HttpServer(service.app(), listener, trusted_proxies=settings.trusted_proxies)
            serving = asyncio.ensure_future(server.serve())
            try:
                await until(lambda: server.started or serving.done(), timeout_seconds=_START_SECONDS)
                if knows_account:
                    await until(service.known_scopes, timeout_seconds=_START_SECONDS, what="the account's id")
                headers = {"Authorization": f"Bearer {BOOTSTRAP_TOKEN}"}
                client = httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=_ANSWER_SECONDS)
                async with client:
                    yield RunningService(service, simulator, client, server.url)
            finally:
                server.should_exit = True
                await serving
                await service.stop()


@contextmanager
def _environment(variables: dict[str, str]) -> Generator[None]:
    """botocore reads the process's environment."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
