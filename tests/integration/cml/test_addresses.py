"""Nothing is sent to an address that is not the worker's own."""

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
