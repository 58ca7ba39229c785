"""One controller with its listener, and an ordinary asynchronous client."""

import asyncio
import hashlib
import ssl
from typing import Any

import aiohttp
from tests.support.simulated_controller import ADDRESS, PASSWORD, simulated_controller

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.listener import ControllerListener
from cmlfleet.simulator.faults import FaultBoard

LIMIT_SECONDS = 2.0


class Scene:
    def __init__(self, controller: CMLController, clock: SimulationClock, faults: FaultBoard) -> None:
        self.controller = controller
        self.clock = clock
        self.faults = faults
        self.listener = ControllerListener(controller, ADDRESS)
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False))

    @property
    def api(self) -> str:
        return f"{self.listener.endpoint}/api/v0"

    async def get(
        self, route: str, token: str | None = None, *, limit_seconds: float = LIMIT_SECONDS
    ) -> tuple[int, str]:
        async with self.session.get(
            f"{self.api}/{route}",
            headers={} if token is None else {"Authorization": f"Bearer {token}"},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=limit_seconds),
        ) as response:
            return response.status, await response.text()

    async def read(self, route: str, token: str | None = None) -> Any:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with self.session.get(f"{self.api}/{route}", headers=headers) as response:
            assert response.status == 200, (route, response.status)
            return await response.json()

    async def sign_in_status(self, *, password: str = PASSWORD) -> int:
        credentials = {"username": "admin", "password": password}
        async with self.session.post(f"{self.api}/authenticate", json=credentials) as response:
            return response.status

    async def sign_in(self) -> str:
        credentials = {"username": "admin", "password": PASSWORD}
        async with self.session.post(f"{self.api}/authenticate", json=credentials) as response:
            assert response.status == 200
            return await response.json()

    async def status(self, route: str = "system_information") -> int | str:
        """The status, or the name of what came instead."""
        try:
            return (await self.get(route))[0]
        except aiohttp.ClientConnectorError:
            return "refused"
        except (aiohttp.ClientError, TimeoutError) as error:
            return type(error).__name__

    async def is_status(self, wanted: int | str) -> bool:
        return await self.status() == wanted

    async def fingerprint(self) -> str:
        """Of the certificate that is shown now."""
        _, writer = await asyncio.open_connection(ADDRESS, self.listener.port, ssl=unverified())
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return hashlib.sha256(der).hexdigest()

    async def close(self) -> None:
        await self.session.close()
        await self.listener.close()


async def make_scene(**changes: Any) -> Scene:
    clock, faults = SimulationClock(), FaultBoard()
    scene = Scene(simulated_controller(clock=clock, faults=faults, **changes), clock, faults)
    await scene.listener.open()
    return scene


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
