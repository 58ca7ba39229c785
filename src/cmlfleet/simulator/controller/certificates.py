"""Self-signed certificates: one per controller, the same for the same seed.

Measured on one core: 0.15 ms to make one, 1 ms and 19 kB for its TLS context, so each controller has its own,
made at its first connection.
"""

import hashlib
import os
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID_FROM = datetime(2025, 1, 1, tzinfo=UTC)
_VALID_DAYS = 3650
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, kw_only=True)
class Certificate:
    certificate_pem: bytes
    private_key_pem: bytes
    sha256: str  # of the DER form, lower-case hex: what a pinning client remembers


def self_signed(*, hostname: str, secret: str) -> Certificate:
    """For the controller's own host name, never for an address; `secret` decides the key."""
    digest = hashlib.sha256(f"{secret}/{hostname}".encode()).digest()
    key = ec.derive_private_key(int.from_bytes(digest, "big") % (_P256_ORDER - 1) + 1, ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Cisco Modeling Labs (simulated)"),
            x509.NameAttribute(NameOID.COMMON_NAME, hostname),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(digest[:16], "big") | 1)
        .not_valid_before(_VALID_FROM)
        .not_valid_after(_VALID_FROM + timedelta(days=_VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return Certificate(
        certificate_pem=certificate.public_bytes(serialization.Encoding.PEM),
        private_key_pem=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ),
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def server_context(certificate: Certificate) -> ssl.SSLContext:
    """Python's TLS reads keys from files alone, hence the short-lived one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    descriptor, path = tempfile.mkstemp(prefix="cmlfleet-simulator-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(certificate.certificate_pem + certificate.private_key_pem)
        context.load_cert_chain(path)
    finally:
        os.unlink(path)
    return context
