"""The certificate that the service itself presents, taken up anew when its files change."""

import asyncio
import os
import ssl
from datetime import datetime
from pathlib import Path

import structlog
from cryptography import x509

LOOK_SECONDS = 10.0  # between looks at the files; SIGHUP looks at once

_log = structlog.get_logger(__name__)


class CertificateUnusable(Exception):
    """The certificate and its key cannot be served; the text says which file, and why."""


class ServedCertificate:
    """`context` serves what the files held when they were last good; connections that are open stay as they are."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises CertificateUnusable."""
        self._certificate = certificate
        self._key = key
        self._tried = self._stamp()
        self.context = self._load_into(_new_context())

    def reload(self) -> bool:
        """Whether the files were taken up. Files that do not belong together, half of a renewal, are left alone."""
        self._tried = self._stamp()
        try:
            self._load_into(_new_context())  # what fails there must not touch the one in use
            self._load_into(self.context)
        except CertificateUnusable as error:
            _log.warning("certificate_not_reloaded", detail=str(error))
            return False
        _log.info("certificate_reloaded", certificate=str(self._certificate))
        return True

    async def watch(self) -> None:
        """Never returns: takes up what changes."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._stamp() != self._tried:
                self.reload()

    def _load_into(self, context: ssl.SSLContext) -> ssl.SSLContext:
        try:
            # With a password, though a wrong one, OpenSSL does not ask the terminal for that of an encrypted key.
            context.load_cert_chain(self._certificate, self._key, password="")
        except OSError as error:
            reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
            raise CertificateUnusable(
                f"{self._certificate} with the key {self._key} cannot be served: {reason}"
            ) from None
        return context

    def _stamp(self) -> list[tuple[int, int, int] | None]:
        return [_stamp_of(path) for path in (self._certificate, self._key)]


def expires_at(certificate: Path) -> datetime:
    """When the first certificate of the file ends. Raises CertificateUnusable."""
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        raise CertificateUnusable(f"{certificate} is no certificate: {error}") from None


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _new_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
