"""Which addresses an endpoint may lead to."""

from collections.abc import Sequence
from ipaddress import ip_network

import pytest

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.services.address_policy import AddressPolicy
from cmlfleet.integration.services.call_failure import CMLCallError

OURS = frozenset({"198.51.100.7", "10.0.0.7", "2001:db8::7"})


async def code_of(policy: AddressPolicy, endpoint: str, *, ec2_addresses: frozenset[str] = OURS) -> ErrorCode:
    with pytest.raises(CMLCallError) as raised:
        await policy.check(endpoint, ec2_addresses=ec2_addresses)
    assert raised.value.detail
    return raised.value.code


@pytest.mark.parametrize(
    ("endpoint", "origin", "authority"),
    [
        ("https://198.51.100.7", "https://198.51.100.7:443", "198.51.100.7"),
        ("https://10.0.0.7:8443", "https://10.0.0.7:8443", "10.0.0.7:8443"),
        ("https://[2001:db8::7]", "https://[2001:db8::7]:443", "[2001:db8::7]"),
        ("https://[::ffff:198.51.100.7]:444", "https://198.51.100.7:444", "[::ffff:c633:6407]:444"),
    ],
)
async def test_an_address_of_the_instance_is_allowed(endpoint: str, origin: str, authority: str):
    found = await AddressPolicy().check(endpoint, ec2_addresses=OURS)

    assert (found.origin, found.authority) == (origin, authority)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "169.254.169.254",
        "224.0.0.1",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:169.254.169.254]",
    ],
)
async def test_some_addresses_are_never_allowed_by_default(address: str):
    reported = frozenset({address.strip("[]")})

    code = await code_of(AddressPolicy(), f"https://{address}", ec2_addresses=reported)

    assert code is ErrorCode.BLOCKED_ADDRESS


@pytest.mark.parametrize("address", ["203.0.113.9", "10.0.0.8", "[2001:db8::8]", "[fd00:ec2::254]"])
async def test_an_address_that_ec2_does_not_report_is_blocked(address: str):
    assert await code_of(AddressPolicy(), f"https://{address}") is ErrorCode.BLOCKED_ADDRESS


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("10.1.2.3", True),
        ("127.0.0.1", True),
        ("[fd00::1]", True),
        ("198.51.100.7", False),
        ("[::ffff:10.1.2.3]", True),
        ("169.254.169.254", False),
    ],
)
async def test_with_networks_given_only_they_count(address: str, is_allowed: bool):
    networks = [ip_network(text) for text in ("10.0.0.0/8", "127.0.0.0/8", "fd00::/8")]
    policy = AddressPolicy(allowed_networks=networks)

    if is_allowed:
        assert (await policy.check(f"https://{address}", ec2_addresses=OURS)).address in {
            "10.1.2.3",
            "127.0.0.1",
            "fd00::1",
        }
    else:
        assert await code_of(policy, f"https://{address}") is ErrorCode.BLOCKED_ADDRESS


async def test_of_several_addresses_the_first_allowed_one_is_taken():
    async def resolve(host: str, port: int) -> Sequence[str]:
        del host, port
        return ["127.0.0.1", "203.0.113.9", "198.51.100.7", "10.0.0.7"]

    found = await AddressPolicy(resolve=resolve).check("https://cml.example.com:8443", ec2_addresses=OURS)

    assert (found.address, found.host, found.authority) == (
        "198.51.100.7",
        "cml.example.com",
        "cml.example.com:8443",
    )


@pytest.mark.parametrize(
    ("host", "asked"), [("bücher.example", "xn--bcher-kva.example"), ("2130706433", "2130706433")]
)
async def test_a_name_is_checked_by_what_it_resolves_to(host: str, asked: str):
    async def resolve(name: str, port: int) -> Sequence[str]:
        assert (name, port) == (asked, 443)
        return ["127.0.0.1"]

    assert await code_of(AddressPolicy(resolve=resolve), f"https://{host}") is ErrorCode.BLOCKED_ADDRESS


@pytest.mark.parametrize(
    "endpoint",
    ["http://198.51.100.7", "https://", "198.51.100.7", "https://user:word@198.51.100.7", "https://[bad", ""],
)
async def test_what_is_no_plain_https_address_is_blocked(endpoint: str):
    assert await code_of(AddressPolicy(), endpoint) is ErrorCode.BLOCKED_ADDRESS
