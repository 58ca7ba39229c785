"""Data goes to standard output in the form asked for; words go to standard error."""

import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from importlib import import_module
from typing import Any, Literal

from cmlfleet.cli.exit_codes import USAGE, CommandFailed
from cmlfleet.cli.layout import Column, as_json, print_table, printable

Form = Literal["table", "wide", "json", "yaml", "csv", "name"]

FOR_PEOPLE = ("table", "wide")


def show(
    items: Sequence[dict[str, Any]],
    *,
    form: Form,
    columns: Sequence[Column],
    wide: Sequence[Column] = (),
    single: bool = False,
    name: Callable[[dict[str, Any]], str] | None = None,
    header: bool = True,
    fields_of: str | None = None,
) -> None:
    """Print items; JSON and YAML are exactly the API's objects. `name` is what the form `name` prints of each.
    `fields_of`, a class with its module in this package, has the fields that an empty CSV names."""
    if form == "json":
        sys.stdout.write(as_json(items[0] if single else list(items), indent=2) + "\n")
    elif form == "yaml":
        from cmlfleet.cli.yaml_output import as_yaml  # noqa: PLC0415 - only this form needs it

        sys.stdout.write(as_yaml(items[0] if single else list(items)))
    elif form == "name":
        for item in items:
            sys.stdout.write(f"{printable((name or _name)(item))}\n")
    elif form == "csv":
        _csv(items, header=_fields(items, fields_of) if header else ())
    else:
        print_table(items, [*columns, *(wide if form == "wide" else ())], every_column=form == "wide", header=header)


def show_object(found: dict[str, Any], *, form: Form, for_people: Callable[[dict[str, Any]], None]) -> None:
    """One object that is no row of a table."""
    if form in FOR_PEOPLE:
        for_people(found)
    else:
        show([found], form=form, columns=(), single=True)


def _name(item: dict[str, Any]) -> str:
    named = [item[key] for key in ("name", "title", "id", "check", "worker_id") if item.get(key)]
    if not named:
        raise CommandFailed("there is nothing to name here: choose another --output", status=USAGE)
    return str(named[0])


def _csv(items: Sequence[dict[str, Any]], *, header: Sequence[str]) -> None:
    """Every field of the objects, whatever the first of them holds: RFC 4180, with what is nested as JSON."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if header:
        writer.writerow(header)
    for item in items:
        writer.writerow(_plain(item[name]) for name in items[0])


def _fields(items: Sequence[dict[str, Any]], fields_of: str | None) -> Sequence[str]:
    if items or fields_of is None:
        return list(items[0]) if items else ()
    module, _, name = fields_of.partition(":")
    return [field.name for field in fields(getattr(import_module(f"cmlfleet.{module}"), name))]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return "\n".join(printable(line) for line in value.split("\n"))
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return as_json(value, separators=(",", ":"))
