"""Which certificate a connection must be made with, checked on each new connection before anything is sent."""

import asyncio
import hashlib
import ssl

from cryptography import x509


class CertificateMismatchError(Exception):
    """Another certificate is presented than the accepted one; nothing was sent."""

    def __init__(self, presented: bytes) -> None:
        super().__init__(presented.hex())
        self.presented = presented


class CertificateCheck:
    """The demand on one controller's certificate; connections of different checks are kept apart.

    With `pinning` the connection must present `expected`; while that is None the first one presented is taken.
    Without it what is presented is only remembered: `context` then verifies the chain, or nobody does.
    """

    def __init__(self, *, context: ssl.SSLContext, pinning: bool, expected: bytes | None = None) -> None:
        self.context = context
        self._pinning = pinning
        self.expected = expected
        self.presented: bytes | None = None
        self.is_self_issued = False

    def check(self, transport: asyncio.BaseTransport) -> None:
        """Raises `CertificateMismatchError`, and `ConnectionError` when the peer is gone already."""
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
            raise CertificateMismatchError(presented)


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
