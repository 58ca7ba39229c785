"""Which certificate a connection must be made with, checked on each new connection before anything is sent."""

import asyncio
import hashlib
import ssl

import aiohttp
from cryptography import x509

_UNUSED_DIGEST = bytes(hashlib.sha256().digest_size)  # aiohttp's class wants one; ours decides in `check`


class CertificateCheck(aiohttp.Fingerprint):
    """The demand on one controller's certificate; aiohttp keeps the connections of each check apart.

    With `pinning` the connection must present `expected`; while that is None the first one presented is taken.
    Without it what is presented is only remembered: `context` then verifies the chain, or nobody does.
    """

    def __init__(self, *, context: ssl.SSLContext, pinning: bool, expected: bytes | None = None) -> None:
        super().__init__(_UNUSED_DIGEST)
        self.context = context
        self._pinning = pinning
        self.expected = expected
        self.presented: bytes | None = None
        self.is_self_issued = False

    def check(self, transport: asyncio.Transport) -> None:
        """Raises `aiohttp.ServerFingerprintMismatch`; aiohttp then closes the connection unused."""
        certificate = peer_certificate(transport)
        presented = hashlib.sha256(certificate).digest()
        if presented != self.presented:
            self.is_self_issued = _is_self_issued(certificate)
            self.presented = presented
        if not self._pinning:
            return
        if self.expected is None:
            self.expected = presented
        elif presented != self.expected:
            host, port, *_ = transport.get_extra_info("peername")
            raise aiohttp.ServerFingerprintMismatch(self.expected, presented, host, port)


class ControllerConnector(aiohttp.TCPConnector):
    """Takes the TLS context from the check, so that thousands of controllers share two contexts."""

    def _get_ssl_context(self, req: aiohttp.ClientRequest) -> ssl.SSLContext | None:
        if isinstance(req.ssl, CertificateCheck):
            return req.ssl.context
        return super()._get_ssl_context(req)


def peer_certificate(transport: asyncio.BaseTransport) -> bytes:
    """The presented certificate in DER. Raises `ConnectionError` when the peer is gone already."""
    tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    certificate = None if tls is None else tls.getpeercert(binary_form=True)
    if certificate is None:
        raise ConnectionError("the connection was closed after the handshake")
    return certificate


def _is_self_issued(certificate: bytes) -> bool:
    try:
        parsed = x509.load_der_x509_certificate(certificate)
    except ValueError:
        return False
    return parsed.issuer == parsed.subject
