"""One listening socket for many controllers, as a large fleet has it."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import pytest
from tests.support.product import free_port
from tests.support.simulated_controller import simulated_controller
from tests.support.waiting import until

from cmlfleet.simulator import fleet
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.door import SharedSocket
from cmlfleet.simulator.controller.listener import ControllerListener
from cmlfleet.simulator.server import SimulatorServer

ADDRESSES = ("127.8.1.1", "127.8.1.2")


@dataclass
class Street:
    """Two controllers behind one socket."""

    port: int
    controllers: list[CMLController]
    listeners: list[ControllerListener]
    session: aiohttp.ClientSession

    async def status(self, number: int) -> int | str:
        url = f"https://{ADDRESSES[number]}:{self.port}/api/v0/system_information"
        try:
            async with self.session.get(url) as response:
                return response.status
        except (aiohttp.ClientOSError, ConnectionError):
            return "reset"  # while the client connects, or when it begins to speak

    async def answers(self, number: int) -> bool:
        return await self.status(number) == 200

    async def is_reset(self, number: int) -> bool:
        return await self.status(number) == "reset"


@pytest.fixture
async def street() -> AsyncIterator[Street]:
    shared = SharedSocket(free_port())
    controllers = [simulated_controller(name=address) for address in ADDRESSES]
    listeners = [
        ControllerListener(controller, address, door=shared.door(address))
        for controller, address in zip(controllers, ADDRESSES, strict=True)
    ]
    async with AsyncExitStack() as stack:
        for listener in listeners:
            await listener.open()
            stack.push_async_callback(listener.close)
        connector = aiohttp.TCPConnector(ssl=False, force_close=True)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        yield Street(shared.port, controllers, listeners, session)


async def test_each_controller_is_found_by_its_address(street: Street) -> None:
    assert [await street.status(number) for number in (0, 1)] == [200, 200]
    assert [listener.connections_accepted for listener in street.listeners] == [1, 1]


async def test_a_controller_without_power_resets_connections_and_costs_the_others_nothing(street: Street) -> None:
    street.controllers[0].power_off()
    await until(lambda: street.is_reset(0))
    assert await street.status(1) == 200
    street.controllers[0].power_on(already_up=True)
    await until(lambda: street.answers(0))


async def test_an_address_of_nobody_is_reset(street: Street) -> None:
    with pytest.raises((aiohttp.ClientOSError, ConnectionError)):
        await street.session.get(f"https://127.8.1.3:{street.port}/")


async def test_the_port_is_free_again_when_the_last_one_has_closed(street: Street) -> None:
    for listener in street.listeners:
        await listener.close()
    again = ControllerListener(street.controllers[0], ADDRESSES[0], street.port)
    await again.open()
    assert await street.status(0) == 200
    await again.close()


async def test_a_large_fleet_listens_with_one_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "SHARED_FROM", 3)
    server = SimulatorServer(workers=3)
    await server.start()
    try:
        connector = aiohttp.TCPConnector(ssl=False)
        async with aiohttp.ClientSession(connector=connector) as session:
            for worker in server.fleet.workers.values():
                async with session.get(f"{worker.url}/api/v0/system_information") as response:
                    assert response.status == 200
        # Somebody listens at an address that is nobody's, too.
        socket.create_connection(("127.1.0.9", server.cml_port)).close()
    finally:
        await server.stop()
