"""A TLS server whose every answer a test decides, for what no simulated controller does."""

import ssl
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ADDRESS = "127.8.0.2"
TOKEN = "the-token"
_DAY = timedelta(days=1)


class Authority:
    """A certificate authority of the test's own; `context` verifies against it and nothing else."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")])
        self._certificate = _certificate(
            subject=self._name, issuer=self._name, key=self._key, signer=self._key, address=None
        )

    @property
    def pem(self) -> str:
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.pem)

    def issue(self, *, address: str = ADDRESS) -> "Identity":
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "controller")])
        return Identity(
            certificate=_certificate(subject=subject, issuer=self._name, key=key, signer=self._key, address=address),
            key=key,
        )


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def sha256(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def load_into(self, context: ssl.SSLContext) -> None:
        """New connections are made with this certificate from now on."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "identity.pem"
            path.write_bytes(self.certificate_pem + self.key_pem)
            context.load_cert_chain(path)


def self_signed() -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cml-controller")])
    return Identity(certificate=_certificate(subject=name, issuer=name, key=key, signer=key, address=None), key=key)


@dataclass
class ScriptedController:
    """Answers like a small controller of 2.9 unless `routes` has a handler for the path after `/api/v0/`."""

    tls: ssl.SSLContext
    routes: dict[str, Handler] = field(default_factory=dict[str, Handler])
    requests: list[tuple[str, str, str | None]] = field(default_factory=list[tuple[str, str, str | None]])
    endpoint: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/api/v0/")
        self.requests.append((request.method, path, request.headers.get("Authorization")))
        handler = self.routes.get(path)
        if handler is not None:
            return await handler(request)
        known = GOOD_ANSWERS.get(path)
        if known is None:
            return web.json_response({"code": 404, "description": "Not Found"}, status=404)
        return web.json_response(known)

    @property
    def secrets_received(self) -> int:
        """Requests that brought a token or a password."""
        return sum(method == "POST" or token is not None for method, _, token in self.requests)

    def paths(self) -> list[str]:
        return [path for _, path, _ in self.requests]


GOOD_ANSWERS: dict[str, Any] = {
    "system_information": {"version": "2.9.1+build.7", "ready": True},
    "auth_extended": {"username": "admin", "id": "u", "token": TOKEN, "admin": True, "error": None},
    "system_stats": {"computes": {}, "all": {}, "controller": {}},
    "labs": [],
    "system_health": {"valid": True, "computes": {}, "is_licensed": True, "controller": {}},
    "system/maintenance_mode": {"maintenance_mode": False, "notice": None, "resolved_notice": None},
    "licensing": {"registration": {"status": "COMPLETED"}, "authorization": {"status": "IN_COMPLIANCE"}},
}


def answer(value: Any, *, status: int = 200) -> Handler:
    """Always this JSON."""

    async def handle(request: web.Request) -> web.StreamResponse:
        del request
        return web.json_response(value, status=status)

    return handle


@asynccontextmanager
async def scripted_controller(identity: Identity) -> AsyncGenerator[ScriptedController]:
    """On a free port of a loopback address; closed at the end."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identity.load_into(tls)
    controller = ScriptedController(tls=tls)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", controller.handle)
    runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, ADDRESS, 0, ssl_context=tls)
        await site.start()
        controller.endpoint = f"https://{ADDRESS}:{runner.addresses[0][1]}"
        yield controller
    finally:
        await runner.cleanup()


def _certificate(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    address: str | None,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.BasicConstraints(ca=address is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if address is not None:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(signer, hashes.SHA256())
