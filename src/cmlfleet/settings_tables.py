"""The tables of the configuration file: `[[accounts]]` and `[[credentials]]`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from cmlfleet.settings_values import BadValue, as_boolean, as_list, as_path, as_text

_MASK = "********"
_ACCOUNT_ID = re.compile(r"\d{12}", re.ASCII)
_SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+", re.ASCII)
_PARAMETER = re.compile(r"arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter/\S+|[A-Za-z0-9_.\-/]+", re.ASCII)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """One AWS account. Without `role_arn` the process's own credentials are used."""

    account_id: str | None = None
    role_arn: str | None = None
    external_id: str | None = field(default=None, repr=False)
    regions: tuple[str, ...] = ()
    prefer_private_ip: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsSettings:
    """One rule: the workers that match all of what is given sign in as `username`, with the password that exactly
    one of the last four tells. `label` is a key, or key=value."""

    account_id: str | None = None
    region: str | None = None
    label: str | None = None
    username: str
    password: str | None = field(default=None, repr=False)
    password_file: Path | None = None
    secret_arn: str | None = None
    ssm_parameter: str | None = None


def account(entry: Any) -> AccountSettings:
    """One `[[accounts]]` table. Raises BadValue."""
    values = _converted(entry, _ACCOUNT_KEYS, secrets=frozenset({"external_id"}))
    if "id" in values:
        values["account_id"] = values.pop("id")
    return AccountSettings(**values)


def credentials(entry: Any) -> CredentialsSettings:
    """One `[[credentials]]` table. Raises BadValue."""
    values = _converted(entry, _CREDENTIALS_KEYS, secrets=frozenset({"password"}))
    if "username" not in values:
        raise BadValue("username is missing: give the CML account's name")
    given = [key for key in _PASSWORD_KEYS if key in values]
    if len(given) != 1:
        which = ", ".join(given) or "none"
        raise BadValue(f"give exactly one of {', '.join(_PASSWORD_KEYS)}, not {which}")
    return CredentialsSettings(**values)


def tables(name: str, raw: Any, convert: Callable[[Any], T], problems: list[str]) -> tuple[T, ...]:
    """Every `[[name]]` table; what is wrong with one is added to `problems`, with its number."""
    found: list[T] = []
    for number, entry in enumerate(cast("list[Any]", raw) if isinstance(raw, list) else [raw], start=1):
        try:
            found.append(convert(entry))
        except BadValue as error:
            problems.append(f"[[{name}]] number {number}: {error}")
    return tuple(found)


def _converted(entry: Any, keys: Mapping[str, Callable[[Any], Any]], *, secrets: frozenset[str]) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise BadValue("must be a table")
    table = cast("dict[str, Any]", entry)
    unknown = set(table) - set(keys)
    if unknown:
        raise BadValue(f"unknown key {min(unknown)!r}; known are: {', '.join(keys)}")
    values: dict[str, Any] = {}
    for key, raw in table.items():
        try:
            values[key] = keys[key](raw)
        except BadValue as error:
            shown = _MASK if key in secrets else repr(raw)
            raise BadValue(f"{key}: {shown} is not allowed; allowed: {error}") from None
    return values


def _something(raw: Any) -> str:
    if not as_text(raw):
        raise BadValue("text that is not empty")
    return raw


def _like(pattern: re.Pattern[str], allowed: str) -> Callable[[Any], str]:
    def convert(raw: Any) -> str:
        if not isinstance(raw, str) or pattern.fullmatch(raw) is None:
            raise BadValue(allowed)
        return raw

    return convert


_ACCOUNT_KEYS: dict[str, Callable[[Any], Any]] = {
    "id": as_text,
    "role_arn": as_text,
    "external_id": as_text,
    "regions": as_list,
    "prefer_private_ip": as_boolean,
}
_PASSWORD_KEYS = ("password", "password_file", "secret_arn", "ssm_parameter")
_CREDENTIALS_KEYS: dict[str, Callable[[Any], Any]] = {
    "account_id": _like(_ACCOUNT_ID, "the 12 digits of an AWS account"),
    "region": _something,
    "label": _something,
    "username": _something,
    "password": _something,
    "password_file": as_path,
    "secret_arn": _like(_SECRET_ARN, "the ARN of a secret in Secrets Manager"),
    "ssm_parameter": _like(_PARAMETER, "a parameter's name, such as /cml/password, or its ARN"),
}
