"""The configuration: a file, the environment over it, the command line over both."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from cmlfleet.settings_tables import AccountSettings, CredentialsSettings, account, credentials, tables
from cmlfleet.settings_values import ROLES, SECRETS, VARIABLES, BadValue, Variable, parse

__all__ = ["AccountSettings", "ConfigurationError", "CredentialsSettings", "Settings", "load_settings"]

PREFIX = "CMLFLEET_"
CLIENT_SIDE = frozenset({"CMLFLEET_URL", "CMLFLEET_TOKEN", "CMLFLEET_CONFIG_HOME"})
DEFAULT_FILE = Path("cmlfleet.toml")
_SECRET_KEYS = ("secret_key", "secret_key_file", "secret_key_command")

Network = IPv4Network | IPv6Network


class ConfigurationError(Exception):
    """One line for each thing that is wrong: the key, the value and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is in force. Times are seconds unless their name says days; `sources` tells where each value is from."""

    data_dir: Path
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    host: str
    port: int
    roles: tuple[str, ...]
    regions: tuple[str, ...]
    discovery_tags: Mapping[str, str]
    refresh_interval: int
    boot_budget: int | None
    prefer_private_ip: bool
    metrics_public: bool
    retention_samples_days: int
    retention_events_days: int
    retention_audit_days: int
    cml_username: str | None
    cml_password: str | None = field(repr=False)
    cml_timeout: float
    discovery_interval: int
    cml_tls: str
    cml_allowed_networks: tuple[Network, ...]
    cml_forbidden_networks: tuple[Network, ...]
    secret_key: str | None = field(repr=False)
    secret_key_previous: str | None = field(repr=False)
    secret_key_file: Path | None
    secret_key_command: str | None = field(repr=False)
    bootstrap_token: str | None = field(repr=False)
    trusted_proxies: tuple[Network, ...]
    tls_cert: Path | None
    tls_key: Path | None
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret: str | None = field(repr=False)
    oidc_role_claim: str
    oidc_role_map: Mapping[str, str]
    oidc_limit_claim: str | None
    oidc_limit_label: str
    allow_plain_http: bool
    allow_insecure_cml_tls: bool
    allow_short_token: bool
    allow_world_readable_key_file: bool
    config_file: Path | None
    accounts: tuple[AccountSettings, ...]
    credentials: tuple[CredentialsSettings, ...]
    sources: Mapping[str, str]


def load_settings(
    *,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Read the configuration. Raises ConfigurationError naming everything that is wrong, not only the first."""
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    from_file = _read_file(config, problems)
    accounts = tables("accounts", from_file.pop("accounts", []), account, problems)
    rules = tables("credentials", from_file.pop("credentials", []), credentials, problems)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    known = {variable.key: variable for variable in VARIABLES}
    for key, raw in from_file.items():
        if key not in known:
            problems.append(f"unknown key {key!r} in the file{_near(key, known)}")
        else:
            _take(known[key], raw, "file", values=values, sources=sources, problems=problems)
    for name, raw in environ.items():
        if not name.startswith(PREFIX) or name in CLIENT_SIDE:
            continue
        key = name.removeprefix(PREFIX).lower()
        if key not in known:
            problems.append(f"unknown variable {name}{_near(name, [PREFIX + key.upper() for key in known])}")
        elif raw != "" or known[key].empty_means_something:
            _take(known[key], raw, name, values=values, sources=sources, problems=problems)
    for key, raw in (overrides or {}).items():
        if raw is not None:
            _take(known[key], raw, f"--{key.replace('_', '-')}", values=values, sources=sources, problems=problems)
    if problems:
        raise ConfigurationError("\n".join(problems))
    for variable in VARIABLES:
        values.setdefault(variable.key, variable.default)
    if values["database_url"] is None:
        values["database_url"] = f"sqlite+aiosqlite:///{Path(values['data_dir']).resolve() / 'cmlfleet.db'}"
    file = config or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    settings = Settings(**values, config_file=file, accounts=accounts, credentials=rules, sources=sources)
    _check_together(settings)
    return settings


def _read_file(config: Path | None, problems: list[str]) -> dict[str, Any]:
    path = config or DEFAULT_FILE
    if config is None and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        problems.append(f"the configuration file {path} cannot be read: {error.strerror}")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"the configuration file {path} is not TOML: {error}")
    return {}


def _take(
    variable: Variable,
    raw: Any,
    source: str,
    *,
    values: dict[str, Any],
    sources: dict[str, str],
    problems: list[str],
) -> None:
    try:
        values[variable.key] = parse(variable, raw)
        sources[variable.key] = source
    except BadValue as error:
        shown = "********" if variable.key in SECRETS else repr(raw)
        name = variable.key if source == "file" else source
        problems.append(f"{name}: {shown} is not allowed; allowed: {error}")


def _check_together(settings: Settings) -> None:
    _check_cluster(settings)
    keys = [name for name in _SECRET_KEYS if getattr(settings, name) is not None]
    if len(keys) > 1:
        raise ConfigurationError(f"one secret key is enough: set only one of {', '.join(keys)}")
    if settings.secret_key_previous is not None and settings.secret_key is None:
        raise ConfigurationError(
            "secret_key_previous belongs to secret_key; a file or a command gives earlier keys on further lines"
        )
    if settings.oidc_issuer is not None and (settings.oidc_client_id is None or not settings.oidc_role_map):
        raise ConfigurationError("CMLFLEET_OIDC_ISSUER needs CMLFLEET_OIDC_CLIENT_ID and CMLFLEET_OIDC_ROLE_MAP")
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise ConfigurationError("CMLFLEET_TLS_CERT and CMLFLEET_TLS_KEY belong together: set both or none")
    if (settings.cml_username is None) != (settings.cml_password is None):
        raise ConfigurationError("CMLFLEET_CML_USERNAME and CMLFLEET_CML_PASSWORD belong together: set both or none")


def _check_cluster(settings: Settings) -> None:
    if settings.redis_url is None:
        if set(settings.roles) != set(ROLES):
            raise ConfigurationError(
                f"the roles {','.join(settings.roles)} alone need other processes for the rest: set "
                "CMLFLEET_REDIS_URL, and a PostgreSQL in CMLFLEET_DATABASE_URL, or leave the roles at "
                f"{','.join(ROLES)}"
            )
        return
    problems: list[str] = []
    if settings.database_url.startswith("sqlite"):
        problems.append(
            "CMLFLEET_REDIS_URL is set, so several processes share the database, but it is SQLite: set "
            "CMLFLEET_DATABASE_URL=postgresql+asyncpg://…, or unset CMLFLEET_REDIS_URL to run one process"
        )
    if not any(getattr(settings, name) is not None for name in _SECRET_KEYS):
        problems.append(
            "CMLFLEET_REDIS_URL is set, so every process must have the same secret key, but none is given: set "
            "CMLFLEET_SECRET_KEY, any text of at least 32 characters, alike for each"
        )
    if problems:
        raise ConfigurationError("\n".join(problems))


def _near(word: str, known: Any) -> str:
    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are: {', '.join(sorted(known))}"
