"""Which address a worker's endpoint may lead to."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from yarl import URL

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.services.call_failure import CMLCallError
from cmlfleet.integration.services.forbidden_addresses import (
    Address,
    Network,
    is_loopback,
    lies_in,
    plain,
    why_never,
)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host name and port to addresses; raises `OSError` for a name that does not exist."""

_HTTPS_PORT = 443
_HOST = re.compile(r"[A-Za-z0-9._:%-]+")  # names as DNS has them, and addresses of both families
_RESOLVE_LIMIT_SECONDS = 5.0  # a part of the time that connecting may take


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedEndpoint:
    """Where to connect: an address that passed the policy, and the name that the endpoint goes by."""

    host: str
    port: int
    address: str

    @property
    def is_literal(self) -> bool:
        """Whether the endpoint names the address itself: no look-up could lead elsewhere."""
        return self.host == self.address

    @property
    def origin(self) -> str:
        """The URL of the checked address itself, so that no second look-up happens."""
        literal = f"[{self.address}]" if ":" in self.address else self.address
        return f"https://{literal}:{self.port}"

    @property
    def authority(self) -> str:
        """The `Host` header: the endpoint's own name."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _HTTPS_PORT else f"{name}:{self.port}"


class AddressPolicy:
    """Others may write tags, so an endpoint proves nothing: credentials must not follow it anywhere.

    With `allowed_networks` an address must lie inside them. Without, it must be one that EC2 reports for the very
    instance. It never lies in `forbidden_networks`, and is never link-local, multicast, unspecified or reserved;
    loopback only where an allowed network lies in loopback itself: a network that holds everything does not mean it.
    """

    def __init__(
        self,
        *,
        allowed_networks: Sequence[Network] = (),
        forbidden_networks: Sequence[Network] = (),
        resolve: Resolve | None = None,
    ) -> None:
        self._allowed_networks = tuple(allowed_networks)
        self._forbidden_networks = tuple(forbidden_networks)
        self._loopback_networks = tuple(network for network in allowed_networks if network.is_loopback)
        self._resolve = resolve or resolve_by_system

    async def check(self, endpoint: str, *, ec2_addresses: Collection[str]) -> CheckedEndpoint:
        """The endpoint with the address to connect to; of several addresses the first that is allowed.

        Raises `CMLCallError`: `blocked_address`, `unreachable` (no such name), `timeout` (no answer about it).
        """
        host, port = _host_and_port(endpoint)
        found = await self._addresses(host, port)
        reported = {address for text in ec2_addresses if (address := _parsed(text)) is not None}
        refusal = f"{host} has no address"
        for address in found:
            reason = self._refusal(address, reported=reported)
            if reason is None:
                return CheckedEndpoint(host=host, port=port, address=str(address))
            refusal = reason
        raise CMLCallError(ErrorCode.BLOCKED_ADDRESS, f"{refusal}; nothing was sent")

    def _refusal(self, address: Address, *, reported: Collection[Address]) -> str | None:
        if (never := why_never(address)) is not None:
            return never
        if lies_in(address, self._forbidden_networks):
            return f"{address} is inside CMLFLEET_CML_FORBIDDEN_NETWORKS"
        if is_loopback(address) and not any(address in network for network in self._loopback_networks):
            return f"{address} is a loopback address, and no allowed network is one"
        if self._allowed_networks:
            if any(address in network for network in self._allowed_networks):
                return None
            return f"{address} is outside CMLFLEET_CML_ALLOWED_NETWORKS"
        if address not in reported:
            return (
                f"{address} is not an address that EC2 reports for this instance: "
                "set CMLFLEET_CML_ALLOWED_NETWORKS to allow it"
            )
        return None

    async def _addresses(self, host: str, port: int) -> list[Address]:
        if (literal := _parsed(host)) is not None:
            return [literal]
        try:
            async with asyncio.timeout(_RESOLVE_LIMIT_SECONDS):
                texts = await self._resolve(host, port)
        except TimeoutError:
            raise CMLCallError(ErrorCode.TIMEOUT, f"no answer to the look-up of {host}") from None
        except (OSError, UnicodeError) as error:
            raise CMLCallError(ErrorCode.UNREACHABLE, f"{host} cannot be resolved: {error}") from None
        return [address for text in texts if (address := _parsed(text)) is not None]


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """The addresses that the system's resolver gives, in its order."""
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in infos]


def _host_and_port(endpoint: str) -> tuple[str, int]:
    try:
        url = URL(endpoint)
    except ValueError:
        url = URL()
    host = url.raw_host or ""
    if url.scheme != "https" or _HOST.fullmatch(host) is None or not url.port or url.user or url.password:
        raise CMLCallError(
            ErrorCode.BLOCKED_ADDRESS, "the endpoint is not a plain https:// address; nothing was sent"
        )
    return host, url.port


def _parsed(text: str) -> Address | None:
    try:
        return plain(ip_address(text))
    except ValueError:
        return None
