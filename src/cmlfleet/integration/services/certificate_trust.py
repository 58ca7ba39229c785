"""Whether a controller's certificate is accepted: pinned, verified, or not looked at."""

import asyncio
import hashlib
import ssl
from enum import StrEnum
from functools import cached_property

from cmlfleet.integration.services.address_policy import CheckedEndpoint
from cmlfleet.integration.services.certificate_check import CertificateCheck, peer_certificate

_ALPN = ["http/1.1"]
_PROBE_LIMIT_SECONDS = 5.0  # as long as any connection may take


class TLSMode(StrEnum):
    """The words of `CMLFLEET_CML_TLS`."""

    PIN = "pin"
    VERIFY = "verify"
    INSECURE = "insecure"


class TLSContexts:
    """The two contexts of the process; making one costs more than a whole reading, and the one with all authorities
    is seldom needed for controllers that sign for themselves."""

    def __init__(self, *, verifying: ssl.SSLContext | None = None) -> None:
        self._given = verifying
        self.unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.unverified.check_hostname = False
        self.unverified.verify_mode = ssl.CERT_NONE
        self.unverified.set_alpn_protocols(_ALPN)

    @cached_property
    def verifying(self) -> ssl.SSLContext:
        """Accepts what an authority vouches for."""
        context = self._given or ssl.create_default_context()
        context.set_alpn_protocols(_ALPN)
        return context


class CertificateTrust:
    """What is accepted of one controller, and what it presented.

    In mode `pin` the fingerprint on record wins over the one that this process met first. Another certificate is
    accepted only when its chain verifies for the endpoint's name, which is asked with a handshake of its own.
    """

    def __init__(self, *, mode: TLSMode, contexts: TLSContexts) -> None:
        self._mode = mode
        self._contexts = contexts
        self._pinned: str | None = None
        self._verified: dict[bytes, bool] = {}
        self.check = self._new_check(expected=None)

    @property
    def accepted(self) -> str | None:
        """SHA-256 of the certificate that the endpoint was last accepted with, None before the first connection."""
        if self.check.presented is None:
            return None
        return (self.check.expected or self.check.presented).hex()

    @property
    def presented(self) -> str | None:
        """SHA-256 of the certificate presented last, in lower-case hexadecimal."""
        return None if self.check.presented is None else self.check.presented.hex()

    @property
    def is_verified(self) -> bool:
        """Whether the chain of the presented certificate verified for the endpoint's name."""
        if self.check.presented is None:
            return False
        return self._mode is TLSMode.VERIFY or self._verified.get(self.check.presented, False)

    def follow_record(self, pinned: str | None) -> bool:
        """Take over the fingerprint on record; true when another certificate than before is now demanded."""
        if self._mode is not TLSMode.PIN or pinned == self._pinned:
            return False
        self._pinned = pinned
        if pinned is None or bytes.fromhex(pinned) == self.check.expected:
            return False
        had_another = self.check.expected is not None
        self.check = self._new_check(expected=bytes.fromhex(pinned))
        return had_another

    async def accepts_change(self, endpoint: CheckedEndpoint) -> bool:
        """After a mismatch: whether the new certificate's chain verifies; it is then the accepted one."""
        presented = self.check.presented
        if presented is None or not await self._verifies(endpoint, presented):
            return False
        self.check = self._new_check(expected=presented)
        self.check.presented = presented
        return True

    async def learn_verification(self, endpoint: CheckedEndpoint) -> None:
        """Find out once whether the accepted certificate verifies; a self-issued one is not worth a handshake."""
        presented = self.check.presented
        if self._mode is TLSMode.PIN and presented is not None and presented not in self._verified:
            self._verified[presented] = not self.check.is_self_issued and await self._verifies(endpoint, presented)

    async def _verifies(self, endpoint: CheckedEndpoint, presented: bytes) -> bool:
        met = await _verified_fingerprint(endpoint, context=self._contexts.verifying)
        self._verified = {presented: met == presented}
        return met == presented

    def _new_check(self, *, expected: bytes | None) -> CertificateCheck:
        verifying = self._mode is TLSMode.VERIFY
        return CertificateCheck(
            context=self._contexts.verifying if verifying else self._contexts.unverified,
            pinning=self._mode is TLSMode.PIN,
            expected=expected,
        )


async def _verified_fingerprint(endpoint: CheckedEndpoint, *, context: ssl.SSLContext) -> bytes | None:
    """The fingerprint of a certificate whose chain verifies for the endpoint's name, None when it does not."""
    try:
        async with asyncio.timeout(_PROBE_LIMIT_SECONDS):
            _, writer = await asyncio.open_connection(
                endpoint.address, endpoint.port, ssl=context, server_hostname=endpoint.host
            )
    except (OSError, TimeoutError):
        return None
    try:
        return hashlib.sha256(peer_certificate(writer.transport)).digest()
    except ConnectionError:
        return None
    finally:
        writer.transport.abort()
