"""What pydantic says of a request, in words that name what is allowed."""

from collections.abc import Mapping
from typing import Any

from cmlfleet.api.patterns import WORDS

_NO_OBJECT = frozenset({"model_attributes_type", "model_type", "dict_type", "missing"})
_NO_TIME = frozenset({"datetime_parsing", "datetime_from_date_parsing", "datetime_type"})


def what_is_allowed(entry: Mapping[str, Any]) -> str:
    """Of one entry of a validation error: pydantic's own words where they say enough."""
    kind, message = entry["type"], str(entry["msg"])
    if kind == "json_invalid":
        return f"the body is not JSON: {entry.get('ctx', {}).get('error', message)}"
    if kind in _NO_OBJECT and tuple(entry["loc"]) == ("body",):
        return "send a JSON object, as application/json"
    if kind in _NO_TIME:
        return f"{message}: give a time, such as 2026-11-24T12:00:00Z"
    if kind == "string_pattern_mismatch":
        return WORDS.get(entry["ctx"]["pattern"], message)
    return message
