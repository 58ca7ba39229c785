"""Data goes to standard output in the form asked for; words go to standard error."""

import csv
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, Literal

Form = Literal["table", "wide", "json", "yaml", "csv", "name"]

UNBROKEN_COLUMNS = 300  # for pipes and files
WORDY = frozenset({"WHAT IS WRONG", "DATA", "REASON"})
"""Columns of sentences: they alone are broken into lines."""

Column = tuple[str, Callable[[dict[str, Any]], str]]


def show(
    items: Sequence[dict[str, Any]],
    *,
    form: Form,
    columns: Sequence[Column],
    wide: Sequence[Column] = (),
    single: bool = False,
) -> None:
    """Print items; JSON and YAML are exactly the API's objects."""
    if form == "json":
        sys.stdout.write(json.dumps(items[0] if single else list(items), indent=2, ensure_ascii=False) + "\n")
    elif form == "yaml":
        import yaml  # noqa: PLC0415 - only this form needs it

        yaml.safe_dump(items[0] if single else list(items), sys.stdout, sort_keys=False, allow_unicode=True)
    elif form == "name":
        for item in items:
            sys.stdout.write(f"{item.get('name') or item.get('title') or item.get('id')}\n")
    elif form == "csv":
        _csv(items)
    else:
        print_table(items, columns=[*columns, *(wide if form == "wide" else ())])


def print_table(items: Sequence[dict[str, Any]], *, columns: Sequence[Column]) -> None:
    """On a terminal as wide as it is; elsewhere lines are never broken."""
    from rich.console import Console  # noqa: PLC0415 - 85 ms that scripts need not wait for

    width = None if sys.stdout.isatty() else UNBROKEN_COLUMNS
    Console(width=width).print(table(items, columns=columns))


def table(items: Sequence[dict[str, Any]], *, columns: Sequence[Column]) -> Any:
    """A table for people; colour only on a terminal, as NO_COLOR asks."""
    from rich.table import Table  # noqa: PLC0415 - as above

    made = Table(box=None, pad_edge=False, header_style="bold")
    for title, _ in columns:
        made.add_column(title, no_wrap=title not in WORDY, overflow="fold" if title in WORDY else "ellipsis")
    for item in items:
        made.add_row(*(cell(item) for _, cell in columns))
    return made


def _csv(items: Sequence[dict[str, Any]]) -> None:
    if not items:
        return
    flat = {name: value for name, value in items[0].items() if not isinstance(value, dict | list)}
    writer = csv.DictWriter(sys.stdout, fieldnames=list(flat), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(items)
