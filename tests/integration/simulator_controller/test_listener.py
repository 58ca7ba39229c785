"""The controller on its socket: what a client of any kind meets there."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from tests.support.simulated_controller import ADDRESS, PASSWORD, WORKER, simulated_controller
from tests.support.waiting import until

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.controller.boot import BootPhases
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.listener import ControllerListener
from cmlfleet.simulator.faults import FaultBoard


class Scene:
    """One controller with its listener, and a client."""

    def __init__(self, controller: CMLController, clock: SimulationClock, faults: FaultBoard) -> None:
        self.controller = controller
        self.clock = clock
        self.faults = faults
        self.listener = ControllerListener(controller, ADDRESS)
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False))

    @property
    def api(self) -> str:
        return f"{self.listener.endpoint}/api/v0"

    async def get(self, route: str, token: str | None = None) -> tuple[int, str]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with self.session.get(
            f"{self.api}/{route}",
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=2),
        ) as response:
            return response.status, await response.text()

    async def sign_in(self) -> str:
        credentials = {"username": "admin", "password": PASSWORD}
        async with self.session.post(f"{self.api}/authenticate", json=credentials) as response:
            assert response.status == 200
            return await response.json()

    async def status(self, route: str = "system_information") -> int | str:
        """The status, or `refused`."""
        try:
            return (await self.get(route))[0]
        except aiohttp.ClientConnectorError:
            return "refused"


async def make_scene(**changes: Any) -> Scene:
    clock, faults = SimulationClock(), FaultBoard()
    scene = Scene(simulated_controller(clock=clock, faults=faults, **changes), clock, faults)
    await scene.listener.open()
    return scene


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    scene = await make_scene()
    yield scene
    await scene.session.close()
    await scene.listener.close()


@pytest.fixture
async def cold_scene() -> AsyncIterator[Scene]:
    phases = BootPhases(refused_seconds=20, bad_gateway_seconds=15, not_ready_seconds=15, reboots_once=True)
    scene = await make_scene(is_up=False, boot=phases)
    yield scene
    await scene.session.close()
    await scene.listener.close()


async def test_a_boot_goes_from_refused_over_502_and_not_ready_to_ready_with_one_reboot(
    cold_scene: Scene,
) -> None:
    scene = cold_scene
    assert await scene.status() == "refused"
    scene.controller.power_on()
    assert await scene.status() == "refused"
    scene.clock.advance(20.5)
    await boots_to_ready(scene)
    scene.clock.advance(20)
    await until(lambda: is_status(scene, "refused"))
    scene.clock.advance(20)
    await boots_to_ready(scene)
    scene.clock.advance(3600)
    assert await scene.status() == 200


async def boots_to_ready(scene: Scene) -> None:
    await until(lambda: is_status(scene, 502))
    scene.clock.advance(15)
    assert '"ready":false' in (await scene.get("system_information"))[1]
    scene.clock.advance(15)
    assert '"ready":true' in (await scene.get("system_information"))[1]


async def is_status(scene: Scene, wanted: int | str) -> bool:
    return await scene.status() == wanted


async def test_power_off_refuses_connections_and_kills_tokens(scene: Scene) -> None:
    token = await scene.sign_in()
    scene.controller.power_off()
    await until(lambda: is_status(scene, "refused"))
    scene.controller.power_on(already_up=True)
    await until(lambda: is_status(scene, 200))
    assert (await scene.get("system_stats", token))[0] == 401


async def test_the_certificate_names_the_host_and_changes_when_told(scene: Scene) -> None:
    async def fingerprint() -> str:
        _, writer = await asyncio.open_connection(ADDRESS, scene.listener.port, ssl=unverified())
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return hashlib.sha256(der).hexdigest()

    before = await fingerprint()
    assert before == scene.listener.certificate.sha256
    again = ControllerListener(simulated_controller(), ADDRESS)
    assert again.certificate.sha256 == before, "the same seed gives the same certificate"
    scene.faults.set("certificate-changed", worker=WORKER)
    assert await fingerprint() == scene.listener.certificate.sha256 != before


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
