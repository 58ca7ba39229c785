"""Checks on request bodies, with the findings worded as CML's back end words them."""

from collections.abc import Collection, Mapping
from typing import Any

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
