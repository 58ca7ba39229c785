"""HTTPS served by the service itself, with a certificate that is renewed while it runs."""

import asyncio
import hashlib
import signal
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from starlette.responses import PlainTextResponse
from tests.support.product import START_SECONDS, clean_environment, free_port, product, run_cli
from tests.support.scripted_controller import Authority, Identity
from tests.support.waiting import until

from cmlfleet import served_certificate
from cmlfleet.http_server import HttpServer
from cmlfleet.served_certificate import CertificateUnusable, ServedCertificate, expires_at

HOST = "127.0.0.1"
TOKEN = "a-token-of-the-tests-of-tls-" + "t" * 32


@dataclass(frozen=True)
class Files:
    """Where a certificate and its key are."""

    certificate: Path
    key: Path
    authority: Path

    def hold(self, identity: Identity) -> None:
        """As whoever renews it leaves them: each file replaced at once."""
        for path, content in ((self.certificate, identity.certificate_pem), (self.key, identity.key_pem)):
            beside = path.with_suffix(".new")
            beside.write_bytes(content)
            beside.chmod(0o600)
            beside.replace(path)


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def files(tmp_path: Path, authority: Authority) -> Files:
    made = Files(tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem")
    made.authority.write_text(authority.pem)
    made.hold(authority.issue(address=HOST))
    return made


async def presented(port: int, authority: Authority) -> str:
    """The fingerprint of what a new connection is shown, whose chain verifies."""
    _, writer = await asyncio.open_connection(HOST, port, ssl=authority.context)
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return hashlib.sha256(certificate).hexdigest()


@asynccontextmanager
async def serving(certificate: ServedCertificate) -> AsyncGenerator[int]:
    """A small application over TLS; gives its port."""
    listener = socket.create_server((HOST, 0))
    server = HttpServer(PlainTextResponse("hello"), listener, tls=certificate.context)
    running = asyncio.ensure_future(server.serve())
    await server.listening.wait()
    yield int(listener.getsockname()[1])
    server.should_exit = True
    await running


async def test_files_that_change_are_taken_up_by_themselves(
    files: Files, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served_certificate, "LOOK_SECONDS", 0.01)
    certificate = ServedCertificate(files.certificate, files.key)
    watching = asyncio.ensure_future(certificate.watch())
    async with serving(certificate) as port:
        for _ in range(2):
            renewed = authority.issue(address=HOST)
            files.hold(renewed)

            async def is_new(expected: str = renewed.sha256) -> bool:
                return await presented(port, authority) == expected

            await until(is_new, what="the renewed certificate")
    watching.cancel()


async def test_half_of_a_renewal_leaves_the_present_certificate_in_use(files: Files, authority: Authority) -> None:
    certificate = ServedCertificate(files.certificate, files.key)
    async with serving(certificate) as port:
        before = await presented(port, authority)
        for broken in (authority.issue(address=HOST).key_pem, b"", b"no key"):
            files.key.write_bytes(broken)
            assert certificate.reload() is False
            assert await presented(port, authority) == before
        files.key.unlink()
        assert certificate.reload() is False
        assert await presented(port, authority) == before

        renewed = authority.issue(address=HOST)
        files.hold(renewed)
        assert certificate.reload() is True
        assert await presented(port, authority) == renewed.sha256


async def test_old_versions_of_tls_are_refused(files: Files, authority: Authority) -> None:
    async with serving(ServedCertificate(files.certificate, files.key)) as port:
        context = authority.context
        with pytest.deprecated_call():
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection(HOST, port, ssl=context)


@pytest.mark.parametrize("missing", ["certificate", "key"])
def test_files_that_cannot_be_served_are_named(files: Files, missing: str) -> None:
    getattr(files, missing).unlink()
    with pytest.raises(CertificateUnusable, match="No such file or directory"):
        ServedCertificate(files.certificate, files.key)


def test_the_end_of_a_certificate_is_known(files: Files, tmp_path: Path) -> None:
    assert expires_at(files.certificate) > datetime.now(UTC)
    nonsense = tmp_path / "nonsense"
    nonsense.write_text("x")
    with pytest.raises(CertificateUnusable):
        expires_at(nonsense)


def test_the_service_serves_https_and_takes_up_a_renewed_certificate_on_sighup(
    files: Files, authority: Authority, tmp_path: Path
) -> None:
    port = free_port()
    environment = clean_environment(
        tmp_path,
        CMLFLEET_DATA_DIR=str(tmp_path / "data"),
        CMLFLEET_BOOTSTRAP_TOKEN=TOKEN,
        CMLFLEET_TLS_CERT=str(files.certificate),
        CMLFLEET_TLS_KEY=str(files.key),
        AWS_EC2_METADATA_DISABLED="true",
    )
    url = f"https://{HOST}:{port}"
    with product("serve", "--port", str(port), environment=environment, folder=tmp_path) as running:
        running.says(f"cmlfleet serves {url} ")
        with httpx2.Client(verify=authority.context, timeout=START_SECONDS) as client:
            answer = client.get(f"{url}/healthz")
        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"] == "max-age=31536000"

        renewed = authority.issue(address=HOST)
        files.hold(renewed)
        running.send(signal.SIGHUP)
        running.says("certificate_reloaded")
        assert asyncio.run(presented(port, authority)) == renewed.sha256

        trusting = run_cli("workers", "list", url=url, token=TOKEN, home=tmp_path, SSL_CERT_FILE=str(files.authority))
        doubting = run_cli("workers", "list", url=url, token=TOKEN, home=tmp_path)
    assert trusting.returncode == 0, trusting.stderr
    assert doubting.returncode == 1
    assert "certificate" in doubting.stderr
