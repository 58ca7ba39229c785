"""The configuration in force as a person reads it: TOML with where each value came from, secrets masked."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from cmlfleet.settings import AccountSettings, CredentialsSettings, Settings
from cmlfleet.settings_values import SECRETS, VARIABLES

_MASK = "********"
_URLS = frozenset({"database_url", "redis_url"})  # of which the password alone is secret
_PASSWORD_OF_URL = re.compile(r"(?<=://)([^:@/]*):.*@", re.DOTALL)  # up to the last @: it may hold what URLs must not
_PARAMETER_OF_URL = re.compile(r"([?&][^=&]*(?:pass|secret|token)[^=&]*=)[^&]*", re.IGNORECASE)
_SECRETS_OF_TABLES = frozenset({"external_id", "password"})
_KEYS_OF_TABLES = {"accounts": {"account_id": "id"}}


def shown(settings: Settings) -> str:
    """Every value, as it would be written in the file; what is not set is a comment."""
    lines = [_line(settings, variable.key) for variable in VARIABLES]
    for name in ("accounts", "credentials"):
        for entry in getattr(settings, name):
            lines += ["", f"[[{name}]]  # file", *_table(name, entry)]
    return "\n".join(lines)


def _line(settings: Settings, key: str) -> str:
    value = getattr(settings, key)
    source = settings.sources.get(key, "default")
    if value is None:
        return f"# {key} is not set"
    if key in _URLS:
        value = _without_password(value)
    elif key in SECRETS:
        value = _MASK
    return f"{key} = {_toml(value)}  # {source}"


def _table(name: str, entry: AccountSettings | CredentialsSettings) -> Iterator[str]:
    keys = _KEYS_OF_TABLES.get(name, {})
    for field in fields(entry):
        value = getattr(entry, field.name)
        if value is not None and value != ():
            text = _MASK if field.name in _SECRETS_OF_TABLES else value
            yield f"{keys.get(field.name, field.name)} = {_toml(text)}"


def _without_password(url: str) -> str:
    return _PARAMETER_OF_URL.sub(rf"\1{_MASK}", _PASSWORD_OF_URL.sub(rf"\1:{_MASK}@", url))


def _toml(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:g}" if isinstance(value, float) else str(value)
        case tuple():
            return f"[{', '.join(_toml(entry) for entry in value)}]"  # pyright: ignore[reportUnknownVariableType]
        case Mapping():
            pairs = (f"{_text(str(key))} = {_toml(entry)}" for key, entry in value.items())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            return f"{{{', '.join(pairs)}}}"
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
