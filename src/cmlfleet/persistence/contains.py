"""Whether a column's text contains another, letter for letter, on both databases."""

from typing import Any

from sqlalchemy import ColumnElement, func, literal

from cmlfleet.persistence import tables


def contains(column: Any, text: str) -> ColumnElement[bool]:
    """LIKE takes a and A for the same on SQLite and refuses long patterns; replacing is exact on both."""
    return func.replace(column, literal(text, tables.PlainText()), "") != column
