"""Tables for people, in milliseconds for ten thousand rows (rich's take twenty seconds)."""

import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import Any, NamedTuple, TextIO

_GAP = "  "
_LEAST_SENTENCE = 32  # columns in which a sentence can still be read
_SGR = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "magenta": "35", "cyan": "36"}
_HEADER_STYLE = "bold"
_CONTROL = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Of the second set of control characters and of those that turn the direction of text; JSON escapes the first."""


class Cell(NamedTuple):
    """A text with its style, such as `bold red`; the style is left out where colour is not wanted."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """What to show of an item under a title.

    `sentence`: broken into lines where the terminal is narrow, and always last. `spare`: columns that go where it is
    narrower still, the highest first; those with 0 stay. `least`: columns to keep free, so that tables printed one
    after the other stay in line.
    """

    title: str
    cell: Callable[[dict[str, Any]], str | Cell]
    spare: int = 0
    sentence: bool = False
    least: int = 0


def table(
    items: Sequence[dict[str, Any]],
    columns: Sequence[Column],
    *,
    width: int | None,
    colour: bool,
    header: bool = True,
) -> Iterator[str]:
    """Lines, the titles first; `width` None breaks and leaves out nothing."""
    columns = sorted(columns, key=lambda column: column.sentence)
    rows = [[_cell(column, item) for column in columns] for item in items]
    widths = [
        max([display_width(column.title), column.least, *(display_width(row[index].text) for row in rows)])
        for index, column in enumerate(columns)
    ]
    shown = _fitting(columns, widths, width)
    if header:
        yield _line([Cell(columns[index].title, _HEADER_STYLE) for index in shown], shown, widths, colour=colour)
    for row in rows:
        for line in _broken([row[index] for index in shown], shown, columns, widths):
            yield _line(line, shown, widths, colour=colour)


def styled(text: str, style: str, *, colour: bool) -> str:
    """The text in its style, for a terminal."""
    if not colour or not style or not text:
        return text
    return f"\x1b[{';'.join(_SGR[word] for word in style.split())}m{text}\x1b[0m"


def wants_colour(stream: TextIO) -> bool:
    """On a terminal that can show it, unless NO_COLOR says otherwise (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal_width(stream: TextIO) -> int | None:
    """Columns of the terminal that the stream leads to; None where it leads elsewhere."""
    return get_terminal_size().columns if stream.isatty() else None


def print_table(
    items: Sequence[dict[str, Any]], columns: Sequence[Column], *, every_column: bool = False, header: bool = True
) -> None:
    """To standard output, as wide as its terminal is; `every_column` leaves none out, whatever the width."""
    width = None if every_column else terminal_width(sys.stdout)
    for line in table(items, columns, width=width, colour=wants_colour(sys.stdout), header=header):
        sys.stdout.write(line + "\n")


def printable(text: str) -> str:
    """What others wrote, without their control characters: none of them reaches the terminal."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)


def say(text: str) -> None:
    """Words to standard error, with the names and reasons of others among them."""
    sys.stderr.write("".join(f"{printable(line)}\n" for line in text.split("\n")))


def as_json(value: Any, *, indent: int | None = None, separators: tuple[str, str] | None = None) -> str:
    """JSON that a terminal may show: what it would take for a control character stands as its number."""
    return escaped(json.dumps(value, indent=indent, separators=separators, ensure_ascii=False))


def escaped(text: str) -> str:
    """JSON, or YAML in double quotes, in which control characters stand as their numbers."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def display_width(text: str) -> int:
    """Columns that the text takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415 - only what is not plain needs its tables

    return cell_len(text)


def _cell(column: Column, item: dict[str, Any]) -> Cell:
    made = column.cell(item)
    cell = made if isinstance(made, Cell) else Cell(made)
    return Cell(printable(cell.text), cell.style)


def _fitting(columns: Sequence[Column], widths: list[int], width: int | None) -> list[int]:
    shown = list(range(len(columns)))
    if width is None:
        return shown
    sentences = [index for index in shown if columns[index].sentence]
    going = sorted((index for index in shown if columns[index].spare), key=lambda index: -columns[index].spare)

    def needed() -> int:
        plain = sum(widths[index] for index in shown if index not in sentences)
        return plain + sum(min(widths[index], _LEAST_SENTENCE) for index in sentences) + len(_GAP) * (len(shown) - 1)

    for index in going:
        if needed() <= width:
            break
        shown.remove(index)
    rest = width - sum(widths[index] for index in shown if index not in sentences) - len(_GAP) * (len(shown) - 1)
    for index in sentences:
        widths[index] = min(widths[index], max(rest // len(sentences), _LEAST_SENTENCE))
    return shown


def _broken(
    cells: list[Cell], shown: list[int], columns: Sequence[Column], widths: Sequence[int]
) -> Iterator[list[Cell]]:
    parts: dict[int, list[str]] = {
        place: textwrap.wrap(cells[place].text, widths[index]) or [""]
        for place, index in enumerate(shown)
        if columns[index].sentence and display_width(cells[place].text) > widths[index]
    }
    yield [Cell(parts[place][0], cell.style) if place in parts else cell for place, cell in enumerate(cells)]
    for number in range(1, max((len(lines) for lines in parts.values()), default=1)):
        yield [
            Cell(parts[place][number], cell.style) if number < len(parts.get(place, ())) else Cell("")
            for place, cell in enumerate(cells)
        ]


def _line(cells: Sequence[Cell], shown: Sequence[int], widths: Sequence[int], *, colour: bool) -> str:
    """Padded outside of the style, and without blanks at the end."""
    last = max((place for place, cell in enumerate(cells) if cell.text), default=-1)
    parts: list[str] = []
    for place, index in enumerate(shown[: last + 1]):
        padding = "" if place == last else " " * (widths[index] - display_width(cells[place].text))
        parts.append(styled(cells[place].text, cells[place].style, colour=colour) + padding)
    return _GAP.join(parts)
