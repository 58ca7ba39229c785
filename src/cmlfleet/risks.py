"""What is insecure about a configuration, and the flag that names exactly that risk."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cmlfleet.persistence.secret_key import KEY_FILE
from cmlfleet.settings import ConfigurationError, Settings
from cmlfleet.settings_values import LEAST_SECRET_CHARACTERS, SECRETS

FLAGS = (
    "allow_plain_http",
    "allow_insecure_cml_tls",
    "allow_short_token",
    "allow_world_readable_key_file",
)
"""Settings that are true where somebody accepts the risk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """`flag` is the setting that accepts it, `fix` what would take it away."""

    flag: str
    text: str
    fix: str


class InsecureConfiguration(ConfigurationError):
    """One line for each risk that nobody has accepted."""


def risks(settings: Settings) -> list[Risk]:
    """Every risk that is there, accepted or not."""
    return [*_plain_http(settings), *_insecure_cml(settings), *_short_token(settings), *_world_readable(settings)]


def refuse_risks(settings: Settings) -> None:
    """Raises InsecureConfiguration for risks whose flag is not set."""
    refused = [risk for risk in risks(settings) if not getattr(settings, risk.flag)]
    if refused:
        raise InsecureConfiguration(
            "\n".join(f"{risk.text}: {risk.fix}; or accept it with {variable(risk.flag)}=true" for risk in refused)
        )


def variable(flag: str) -> str:
    """The flag's name in the environment."""
    return f"CMLFLEET_{flag.upper()}"


def _plain_http(settings: Settings) -> Iterator[Risk]:
    if settings.tls_cert is None and not _is_loopback(settings.host):
        yield Risk(
            flag="allow_plain_http",
            text=f"host {settings.host!r} without TLS: tokens and sessions cross the network in clear",
            fix="set CMLFLEET_TLS_CERT and CMLFLEET_TLS_KEY, or listen on 127.0.0.1 behind a proxy with TLS",
        )


def _insecure_cml(settings: Settings) -> Iterator[Risk]:
    networks = settings.cml_allowed_networks
    stays_here = bool(networks) and all(network.is_loopback for network in networks)
    if settings.cml_tls == "insecure" and not stays_here:
        yield Risk(
            flag="allow_insecure_cml_tls",
            text="cml_tls 'insecure': CML passwords go to whoever answers at a controller's address",
            fix="set CMLFLEET_CML_TLS to pin or verify",
        )


def _short_token(settings: Settings) -> Iterator[Risk]:
    token = settings.bootstrap_token
    if token is not None and len(token) < LEAST_SECRET_CHARACTERS:
        yield Risk(
            flag="allow_short_token",
            text="bootstrap_token ********: an administrator's token that can be guessed",
            fix=f"set CMLFLEET_BOOTSTRAP_TOKEN to at least {LEAST_SECRET_CHARACTERS} characters",
        )


def _world_readable(settings: Settings) -> Iterator[Risk]:
    keys = [("the secret key's file", settings.secret_key_file or settings.data_dir / KEY_FILE)]
    if settings.tls_key is not None and not _is_loopback(settings.host):
        keys.append(("the certificate's key", settings.tls_key))
    for what, path in keys:
        if is_world_readable(path):
            yield Risk(
                flag="allow_world_readable_key_file",
                text=f"{what} {path} can be read by everybody on this machine",
                fix=f"chmod o-r {path}",
            )


def is_world_readable(path: Path) -> bool:
    """False for a file that cannot be looked at: who wants to read it says so."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def readable_passwords(settings: Settings) -> list[Path]:
    """Files with passwords that everybody on this machine can read: a warning, no refusal."""
    paths = [rule.password_file for rule in settings.credentials if rule.password_file is not None]
    in_file = any(settings.sources.get(key) == "file" for key in SECRETS)
    if settings.config_file is not None and (in_file or any(rule.password for rule in settings.credentials)):
        paths.append(settings.config_file)
    return [path for path in dict.fromkeys(paths) if is_world_readable(path)]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
