"""What `cmlfleet doctor` says of secrets, certificates, and risks that somebody has accepted."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cmlfleet.domain.finding import Finding, failed, ok, warning
from cmlfleet.persistence.key_in_force import KeyStanding
from cmlfleet.persistence.storage import Storage
from cmlfleet.risks import FLAGS, readable_passwords, risks, variable
from cmlfleet.served_certificate import CertificateUnusable, ServedCertificate, expires_at
from cmlfleet.settings import Settings

_ABOUT = "secret key"
_RENEW_BEFORE = timedelta(days=14)  # what renews certificates by itself does so a month before their end


def accepted_risks(settings: Settings) -> Iterator[Finding]:
    """Each risk that is there, and each flag that is set: `serve` refuses to start where they do not agree."""
    found = risks(settings)
    for risk in found:
        if getattr(settings, risk.flag):
            yield warning("security", f"{risk.text}; {variable(risk.flag)}=true accepts it", fix=risk.fix)
        else:
            yield failed("security", f"{risk.text}: serve refuses to start", fix=risk.fix)
    for flag in FLAGS:
        if getattr(settings, flag) and all(risk.flag != flag for risk in found):
            yield warning("security", f"{variable(flag)}=true accepts a risk that is not there", fix="unset it")
    for path in readable_passwords(settings):
        yield warning(
            "security", f"{path} holds passwords and can be read by everybody here", fix=f"chmod o-r {path}"
        )


def roles_without_external_id(settings: Settings) -> Iterator[Finding]:
    """Roles that whoever else may use our AWS identity could be talked into assuming (a confused deputy)."""
    for account in settings.accounts:
        if account.role_arn is not None and account.external_id is None:
            yield warning(
                "security",
                f"{account.role_arn} is assumed without an external id",
                fix="set external_id in [[accounts]], and let the role demand it: docs/iam-trust-policy.json",
            )


def served_certificate(settings: Settings) -> Iterator[Finding]:
    """Whether the service's own certificate can be served, and for how long."""
    if settings.tls_cert is None or settings.tls_key is None:
        return
    try:
        ServedCertificate(settings.tls_cert, settings.tls_key)
        ends_at = expires_at(settings.tls_cert)
    except CertificateUnusable as error:
        yield failed("TLS", str(error), fix="set CMLFLEET_TLS_CERT and CMLFLEET_TLS_KEY to a pair of PEM files")
        return
    text = f"{settings.tls_cert} until {ends_at:%Y-%m-%d}"
    left = ends_at - datetime.now(UTC)
    if left < _RENEW_BEFORE:
        yield warning("TLS", text, fix="renew it; the service takes up the new files by itself")
    else:
        yield ok("TLS", text)


async def secret_key(storage: Storage) -> Finding:
    """Whether every stored secret can be read, and is under the key in force. Raises StorageUnavailable."""
    standing = await KeyStanding.of(storage.database, await asyncio.to_thread(storage.keys.load))
    if standing.unreadable:
        return failed(
            _ABOUT,
            f"{standing.unreadable} stored secrets are under keys that were not given: {', '.join(standing.unknown)}",
            fix="give those keys too, then run `cmlfleet secrets rotate`; or set the credentials again",
        )
    if not standing.first_is_in_force or standing.under_earlier_keys:
        return warning(
            _ABOUT,
            f"a rotation to {standing.first} is not finished: {standing.under_earlier_keys} secrets are left",
            fix="run: cmlfleet secrets rotate",
        )
    return ok(_ABOUT, f"{standing.first}, for all stored secrets")
