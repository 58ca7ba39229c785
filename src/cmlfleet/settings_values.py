"""Each setting: its default, and how its text becomes a value."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

ROLES = ("api", "scheduler", "worker")
_PEOPLES_ROLES = ("viewer", "operator", "admin")
TLS_MODES = ("pin", "verify", "insecure")
LEAST_SECRET_CHARACTERS = 32
_DAY_SECONDS = 86_400


class BadValue(Exception):
    """What is allowed instead."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting, by its key in the file."""

    key: str
    default: Any
    convert: Callable[[Any], Any]
    empty_means_something: bool = False


def parse(variable: Variable, raw: Any) -> Any:
    """The value of a text from the environment or of a TOML value. Raises BadValue."""
    return variable.convert(raw)


def as_text(raw: Any) -> str:
    """Raises BadValue, as all of these do."""
    if not isinstance(raw, str) or "\x00" in raw:
        raise BadValue("text")
    return raw


def as_path(raw: Any) -> Path:
    """A path, `~` expanded."""
    return Path(as_text(str(raw) if isinstance(raw, Path) else raw)).expanduser()


def as_boolean(raw: Any) -> bool:
    """A word for true or false, or one of TOML's own."""
    word = str(raw).strip().lower()
    if word not in ("true", "false", "1", "0", "yes", "no"):
        raise BadValue("true or false")
    return word in ("true", "1", "yes")


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def convert(raw: Any) -> int:
        text = str(raw).strip()
        if isinstance(raw, bool) or not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
            raise BadValue(f"a whole number from {least} to {most}")
        return int(text)

    return convert


def _seconds(raw: Any) -> float:
    try:
        value = float(raw)
    except (TypeError, ValueError):
        value = 0.0
    if isinstance(raw, bool) or not 1 <= value <= 600:
        raise BadValue("seconds from 1 to 600")
    return value


def as_list(raw: Any) -> tuple[str, ...]:
    """A list, or a text with commas."""
    entries = cast("list[Any]", raw) if isinstance(raw, list | tuple) else as_text(raw).split(",")
    return tuple(text for entry in entries if (text := as_text(entry).strip()))


def _roles(raw: Any) -> tuple[str, ...]:
    roles = as_list(raw)
    if not roles or not set(roles) <= set(ROLES):
        raise BadValue(f"some of {','.join(ROLES)}")
    return tuple(dict.fromkeys(roles))


def _networks(raw: Any) -> Any:
    try:
        return tuple(ip_network(text, strict=False) for text in as_list(raw))
    except ValueError:
        raise BadValue("networks as CIDRs, separated by commas, such as 10.0.0.0/8") from None


def _proxies(raw: Any) -> Any:
    networks = _networks(raw)
    if any(network.prefixlen == 0 for network in networks):
        raise BadValue("the networks of your own proxies: everybody would choose the address that they come from")
    return networks


def _tags(raw: Any) -> dict[str, str]:
    if isinstance(raw, dict):
        return {as_text(key): as_text(value) for key, value in cast("dict[Any, Any]", raw).items()}
    tags: dict[str, str] = {}
    for entry in as_list(raw):
        key, separator, value = entry.partition("=")
        if not key or not separator:
            raise BadValue("key=value pairs separated by commas, or nothing")
        tags[key.strip()] = value.strip()
    return tags


def _tls(raw: Any) -> str:
    if raw not in TLS_MODES:
        raise BadValue(" or ".join(TLS_MODES))
    return str(raw)


def _secret(raw: Any) -> str:
    if len(as_text(raw)) < LEAST_SECRET_CHARACTERS:
        raise BadValue(f"at least {LEAST_SECRET_CHARACTERS} characters")
    return as_text(raw)


def _redis(raw: Any) -> str:
    text = as_text(raw)
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise BadValue("redis://[:password@]host:port/number, rediss://… with TLS, or unix://…")
    return text


def _database(raw: Any) -> str:
    text = as_text(raw)
    if not text.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
        raise BadValue("postgresql+asyncpg://… or sqlite+aiosqlite:///…")
    try:
        urlsplit(text).port  # noqa: B018 - reading it is what checks it
    except ValueError:
        raise BadValue(
            "postgresql+asyncpg://user:password@host:port/name, with % codes for : / @ ? # [ ] in the password"
        ) from None
    return text


def _issuer(raw: Any) -> str:
    text = as_text(raw)
    parts = urlsplit(text)
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1")):
        raise BadValue("an https:// address (http:// on this machine alone)")
    return text


def _role_map(raw: Any) -> dict[str, str]:
    if isinstance(raw, dict):
        found = {as_text(key): as_text(value) for key, value in cast("dict[Any, Any]", raw).items()}
    else:
        found: dict[str, str] = {}
        for entry in as_list(raw):
            value, _, role = entry.rpartition("=")
            found[value.strip()] = role.strip()
    if "" in found or not set(found.values()) <= set(_PEOPLES_ROLES):
        raise BadValue(f"pairs VALUE=ROLE separated by commas, with a role of {', '.join(_PEOPLES_ROLES)}")
    return found


VARIABLES = (
    Variable("data_dir", Path(".cmlfleet"), as_path),
    Variable("database_url", None, _database),
    Variable("redis_url", None, _redis),
    Variable("host", "127.0.0.1", as_text),
    Variable("port", 8080, _whole(0, 65_535)),
    Variable("roles", ROLES, _roles),
    Variable("regions", (), as_list),
    Variable("discovery_tags", {"cmlfleet:managed": "true"}, _tags, empty_means_something=True),
    Variable("refresh_interval", 60, _whole(1, _DAY_SECONDS)),
    Variable("boot_budget", None, _whole(1, _DAY_SECONDS)),
    Variable("prefer_private_ip", False, as_boolean),
    Variable("metrics_public", False, as_boolean),
    Variable("retention_samples_days", 30, _whole(1, 3650)),
    Variable("retention_events_days", 365, _whole(1, 3650)),
    Variable("retention_audit_days", 730, _whole(1, 36_500)),
    Variable("cml_username", None, as_text),
    Variable("cml_password", None, as_text),
    Variable("cml_timeout", 20.0, _seconds),
    Variable("discovery_interval", 60, _whole(1, _DAY_SECONDS)),
    Variable("cml_tls", "pin", _tls),
    Variable("cml_allowed_networks", (), _networks),
    Variable("cml_forbidden_networks", (), _networks),
    Variable("secret_key", None, _secret),
    Variable("secret_key_previous", None, _secret),
    Variable("secret_key_file", None, as_path),
    Variable("secret_key_command", None, as_text),
    Variable("bootstrap_token", None, as_text),
    Variable("trusted_proxies", (), _proxies),
    Variable("tls_cert", None, as_path),
    Variable("tls_key", None, as_path),
    Variable("oidc_issuer", None, _issuer),
    Variable("oidc_client_id", None, as_text),
    Variable("oidc_client_secret", None, as_text),
    Variable("oidc_role_claim", "groups", as_text),
    Variable("oidc_role_map", {}, _role_map),
    Variable("oidc_limit_claim", None, as_text),
    Variable("oidc_limit_label", "team", as_text),
    Variable("allow_plain_http", False, as_boolean),
    Variable("allow_insecure_cml_tls", False, as_boolean),
    Variable("allow_short_token", False, as_boolean),
    Variable("allow_world_readable_key_file", False, as_boolean),
)
SECRETS = frozenset(
    {
        "cml_password",
        "secret_key",
        "secret_key_previous",
        "secret_key_command",
        "bootstrap_token",
        "oidc_client_secret",
        "database_url",
        "redis_url",
    }
)
"""Masked wherever settings are shown; addresses and commands may carry passwords."""
