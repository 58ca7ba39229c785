"""Checks on request bodies, with the findings worded as CML's back end words them."""

from collections.abc import Collection, Mapping
from typing import Any, cast

from cmlfleet.simulator.controller.exchange import InvalidInputError


def refuse_unknown_keys(body: Mapping[str, Any], *, allowed: Collection[str]) -> None:
    """Since 2.9 every request schema is closed. Raises `InvalidInputError`."""
    for key in body:
        if key not in allowed:
            raise InvalidInputError(
                location=("body", key), kind="extra_forbidden", message="Extra inputs are not permitted"
            )


def required(body: Mapping[str, Any], key: str) -> Any:
    """Raises `InvalidInputError` when the key is not there."""
    if key not in body:
        raise InvalidInputError(location=("body", key), kind="missing", message="Field required")
    return body[key]


def text_of(body: Mapping[str, Any], key: str, *, longest: int, shortest: int = 0) -> str:
    """Raises `InvalidInputError` when it is missing, no text, or too short or long."""
    value = required(body, key)
    if not isinstance(value, str):
        raise InvalidInputError(location=("body", key), kind="string_type", message="Input should be a valid string")
    if len(value) < shortest:
        raise InvalidInputError(
            location=("body", key),
            kind="string_too_short",
            message=f"String should have at least {shortest} character{'' if shortest == 1 else 's'}",
        )
    if len(value) > longest:
        raise InvalidInputError(
            location=("body", key),
            kind="string_too_long",
            message=f"String should have at most {longest} characters",
        )
    return value


def integer_of(value: object, *, location: tuple[str | int, ...], lowest: int, highest: int) -> int:
    """Raises `InvalidInputError` for what is no whole number in the range."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInputError(location=location, kind="int_type", message="Input should be a valid integer")
    if value < lowest:
        raise InvalidInputError(
            location=location,
            kind="greater_than_equal",
            message=f"Input should be greater than or equal to {lowest}",
        )
    if value > highest:
        raise InvalidInputError(
            location=location,
            kind="less_than_equal",
            message=f"Input should be less than or equal to {highest}",
        )
    return value


def object_of(value: object, *location: str | int) -> dict[str, Any]:
    """Raises `InvalidInputError` for what is no object; so do the next three for theirs."""
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    raise InvalidInputError(
        location=("body", *location), kind="model_attributes_type", message="Input should be a valid dictionary"
    )


def objects_of(value: object, *location: str | int) -> list[dict[str, Any]]:
    """A list of objects."""
    if not isinstance(value, list):
        raise InvalidInputError(
            location=("body", *location), kind="list_type", message="Input should be a valid list"
        )
    items = cast("list[object]", value)
    return [object_of(item, *location, index) for index, item in enumerate(items)]


def texts_of(value: object, *location: str | int) -> list[str]:
    """A list of texts."""
    items = cast("list[object]", value) if isinstance(value, list) else [None]
    if all(isinstance(item, str) for item in items):
        return cast("list[str]", items)
    raise InvalidInputError(
        location=("body", *location), kind="list_type", message="Input should be a valid list of strings"
    )


def nullable_text_of(value: object, *location: str | int) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise InvalidInputError(
        location=("body", *location), kind="string_type", message="Input should be a valid string"
    )
