"""Nothing is sent to an address that is not the worker's own."""

import asyncio

import pytest
from tests.integration.cml.conftest import GOOD, Scene
from tests.support.cml_reader import LOOPBACK, cml_reader

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.services.address_policy import AddressPolicy


async def test_loopback_is_blocked_by_default_even_where_ec2_is_said_to_report_it(scene: Scene):
    async with cml_reader(scene.listener.endpoint, credentials=GOOD, policy=AddressPolicy()) as reader:
        reader.ec2_addresses = frozenset({scene.listener.host})

        fact = await reader.read()

    assert fact.error_code is ErrorCode.BLOCKED_ADDRESS
    assert scene.listener.connections_accepted == 0


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "::1", "::ffff:127.8.0.1"])
async def test_a_name_that_resolves_to_a_blocked_address_is_not_connected_to(scene: Scene, address: str):
    async def resolve(host: str, port: int) -> list[str]:
        assert (host, port) == ("controller.example.com", scene.listener.port)
        return [address]

    endpoint = f"https://controller.example.com:{scene.listener.port}"
    async with cml_reader(endpoint, credentials=GOOD, policy=AddressPolicy(resolve=resolve)) as reader:
        fact = await reader.read()

    assert fact.error_code is ErrorCode.BLOCKED_ADDRESS
    assert scene.listener.connections_accepted == 0


async def test_the_connection_goes_to_the_address_that_was_checked(scene: Scene):
    """A name whose second answer is another address leads nowhere else: there is no second look-up."""
    answers = [[scene.listener.host], ["169.254.169.254"]]
    look_ups = 0

    async def resolve(host: str, port: int) -> list[str]:
        nonlocal look_ups
        del host, port
        look_ups += 1
        return answers[min(look_ups, len(answers)) - 1]

    policy = AddressPolicy(allowed_networks=LOOPBACK, resolve=resolve)
    endpoint = f"https://controller.example.com:{scene.listener.port}"
    async with cml_reader(endpoint, credentials=GOOD, policy=policy) as reader:
        assert (await reader.read()).error_code is None
        assert look_ups == 1

        reader.clock.advance(60)
        fact = await reader.read()

    assert look_ups == 2
    assert fact.error_code is ErrorCode.BLOCKED_ADDRESS


async def test_a_name_that_does_not_exist_is_unreachable():
    async def resolve(host: str, port: int) -> list[str]:
        del port
        raise OSError(f"{host}: no such name")

    policy = AddressPolicy(resolve=resolve)
    async with cml_reader("https://controller.example.com", credentials=GOOD, policy=policy) as reader:
        fact = await reader.read()

    assert fact.error_code is ErrorCode.UNREACHABLE


async def test_a_name_that_changes_to_the_metadata_address_between_the_calls_of_a_reading(scene: Scene):
    """DNS rebinding: each look-up gives another answer, and the answer that was checked is the one that counts."""
    look_ups = 0

    async def resolve(host: str, port: int) -> list[str]:
        nonlocal look_ups
        del host, port
        look_ups += 1
        return [scene.listener.host] if look_ups == 1 else ["169.254.169.254"]

    policy = AddressPolicy(allowed_networks=LOOPBACK, resolve=resolve)
    endpoint = f"https://controller.example.com:{scene.listener.port}"
    async with cml_reader(endpoint, credentials=GOOD, policy=policy) as reader:
        fact = await reader.read()
        scene.listener._drop_connections()
        again = await reader.read()

    assert (fact.error_code, again.error_code) == (None, None)
    assert scene.controller.calls.total() > 5
    assert look_ups == 1


async def test_what_follows_the_host_in_a_tag_leads_nowhere(scene: Scene):
    """A path, a query or a fragment of the endpoint is not asked for."""
    policy = AddressPolicy(allowed_networks=LOOPBACK)
    async with cml_reader(f"{scene.listener.endpoint}/evil?x=1#y", credentials=GOOD, policy=policy) as reader:
        fact = await reader.read()

    assert fact.error_code is None
    assert all(route.startswith("/api/v0/") for _, route, _ in scene.controller.calls)


async def test_a_port_behind_which_no_controller_is_costs_a_moment_and_gets_nothing():
    """SSH on the worker, as a tag may say: it gets a TLS greeting and no secret."""
    received = bytearray()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        received.extend(await reader.read(65_536))
        writer.close()

    server = await asyncio.start_server(greet, "127.8.0.3", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, cml_reader(f"https://127.8.0.3:{port}", credentials=GOOD) as reader:
        fact = await reader.read()

    assert fact.error_code is ErrorCode.TLS
    assert (GOOD.password or "").encode() not in received
