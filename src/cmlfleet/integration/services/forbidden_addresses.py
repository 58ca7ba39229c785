"""Addresses where no controller is, whatever the configuration allows and DNS answers."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NEVER = {
    ip_network("169.254.0.0/16"): "link-local, where the cloud's metadata are",
    ip_network("fe80::/10"): "link-local",
    ip_network("fd00:ec2::/32"): "of AWS's own services, where its metadata are",
    ip_network("224.0.0.0/4"): "multicast",
    ip_network("ff00::/8"): "multicast",
    ip_network("0.0.0.0/8"): "unspecified",
    ip_network("::/128"): "unspecified",
    ip_network("240.0.0.0/4"): "reserved",
}
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))  # RFC 6052, RFC 8215
_IPV4_COMPATIBLE = IPv6Network("::/96")
_IPV4_BITS = 0xFFFFFFFF


def plain(address: Address) -> Address:
    """The IPv4 address that wears IPv6 (`::ffff:127.0.0.1`) as what it is."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def why_never(address: Address) -> str | None:
    """What forbids the address, or the IPv4 address that a translator or tunnel would make of it; None: nothing."""
    for each in _faces(address):
        for network, what in _NEVER.items():
            if each in network:
                return f"{address} is {what}"
    return None


def is_loopback(address: Address) -> bool:
    """This machine itself, by whichever face."""
    return any(each.is_loopback for each in _faces(address))


def lies_in(address: Address, networks: Iterable[Network]) -> bool:
    """Whether any of its faces does."""
    return any(each in network for each in _faces(address) for network in networks)


def _faces(address: Address) -> Iterator[Address]:
    """The address, and the IPv4 addresses inside one of IPv6: NAT64, 6to4, Teredo, IPv4-compatible."""
    yield address
    if not isinstance(address, IPv6Address):
        return
    is_compatible = address in _IPV4_COMPATIBLE and not (address.is_loopback or address.is_unspecified)
    if is_compatible or any(address in network for network in _NAT64):
        yield IPv4Address(int(address) & _IPV4_BITS)
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
