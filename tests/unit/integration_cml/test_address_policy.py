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
        "255.255.255.255",
        "0.1.2.3",
        "[fe80::1%1]",
        "[fd00:ec2::254]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::169.254.169.254]",
        "[2002:a9fe:a9fe::1]",
        "[::169.254.169.254]",
        "[2001:0:a9fe:a9fe:0:0:0:0]",
    ],
)
@pytest.mark.parametrize("networks", [(), ("0.0.0.0/0", "::/0")])
async def test_some_addresses_are_never_allowed(address: str, networks: Sequence[str]):
    """Not where EC2 is said to report them, nor where everything is allowed."""
    policy = AddressPolicy(allowed_networks=[ip_network(text) for text in networks])
    reported = frozenset({address.strip("[]")})

    code = await code_of(policy, f"https://{address}", ec2_addresses=reported)

    assert code is ErrorCode.BLOCKED_ADDRESS


@pytest.mark.parametrize("network", ["169.254.0.0/16", "169.254.169.254/32", "224.0.0.0/4", "fd00:ec2::/32"])
async def test_not_even_a_network_that_names_them_allows_them(network: str):
    policy = AddressPolicy(allowed_networks=[ip_network(network)])
    for address in ("169.254.169.254", "224.0.0.1", "[fd00:ec2::254]"):
        assert await code_of(policy, f"https://{address}") is ErrorCode.BLOCKED_ADDRESS


@pytest.mark.parametrize(
    ("network", "address"), [("127.0.0.0/8", "127.8.0.1"), ("::1/128", "[::1]"), ("127.8.0.0/16", "127.8.0.1")]
)
async def test_loopback_is_allowed_by_its_name_alone(network: str, address: str):
    named = AddressPolicy(allowed_networks=[ip_network(network)])
    everything = AddressPolicy(allowed_networks=[ip_network("0.0.0.0/0"), ip_network("::/0")])

    assert (await named.check(f"https://{address}", ec2_addresses=())).address == address.strip("[]")
    assert await code_of(everything, f"https://{address}") is ErrorCode.BLOCKED_ADDRESS


@pytest.mark.parametrize("address", ["10.0.0.7", "[64:ff9b::10.0.0.7]", "[::ffff:10.0.0.7]"])
async def test_what_the_configuration_forbids_wins_over_what_it_allows_and_what_ec2_reports(address: str):
    forbidden = [ip_network("10.0.0.0/24")]
    for allowed in ([], [ip_network("10.0.0.0/8"), ip_network("64:ff9b::/96")]):
        policy = AddressPolicy(allowed_networks=allowed, forbidden_networks=forbidden)
        assert await code_of(policy, f"https://{address}") is ErrorCode.BLOCKED_ADDRESS


@pytest.mark.parametrize("host", ["2130706433", "0177.0.0.1", "0x7f.1", "127.1", "0x7f000001", "localhost"])
async def test_loopback_is_known_by_the_system_s_resolver_however_it_is_written(host: str):
    policy = AddressPolicy(allowed_networks=[ip_network("0.0.0.0/0"), ip_network("::/0")])
    assert await code_of(policy, f"https://{host}") is ErrorCode.BLOCKED_ADDRESS


@pytest.mark.parametrize("host", ["2852039166", "0xa9fea9fe", "169.254.43518", "0251.0376.0251.0376"])
async def test_the_metadata_address_is_known_however_it_is_written(host: str):
    policy = AddressPolicy(allowed_networks=[ip_network("0.0.0.0/0")])
    assert await code_of(policy, f"https://{host}") is ErrorCode.BLOCKED_ADDRESS


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
    [
        "http://198.51.100.7",
        "https://",
        "198.51.100.7",
        "https://user:word@198.51.100.7",
        "https://198.51.100.7@203.0.113.9",
        "https://198.51.100.7:0",
        "https://198.51.100.7:65536",
        "https://198.51.100.7:-1",
        "https://[bad",
        "file:///etc/passwd",
        "https://198.51.100.7\r\nX-Evil: yes",
        "https://198.51.100.7 X-Evil",
        "https://\x00198.51.100.7",
        "https:/\\198.51.100.7",
        "",
    ],
)
async def test_what_is_no_plain_https_address_is_blocked(endpoint: str):
    assert await code_of(AddressPolicy(), endpoint) is ErrorCode.BLOCKED_ADDRESS
