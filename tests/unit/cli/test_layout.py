"""Tables: what stays and what goes on a narrow terminal, and what others wrote cannot do to it."""

from typing import Any

import pytest

from cmlfleet.cli.layout import Cell, Column, display_width, styled, table

COLUMNS = (
    Column("WHY", lambda item: item["why"], sentence=True),
    Column("NAME", lambda item: item["name"]),
    Column("STATE", lambda item: Cell(item["state"], "bold red"), spare=1),
    Column("COST", lambda item: item["cost"], spare=2),
)


def _item(**changes: str) -> dict[str, Any]:
    return {"name": "alpha", "state": "running", "cost": "1.50", "why": ""} | changes


def _lines(*items: dict[str, Any], width: int | None = None, colour: bool = False, **options: Any) -> list[str]:
    return list(table(items, COLUMNS, width=width, colour=colour, **options))


def test_columns_are_as_wide_as_they_need_and_sentences_are_last() -> None:
    assert _lines(_item(why="because"), _item(name="a-longer-name", cost="12.00")) == [
        "NAME           STATE    COST   WHY",
        "alpha          running  1.50   because",
        "a-longer-name  running  12.00",
    ]


def test_without_items_only_the_titles() -> None:
    assert _lines() == ["NAME  STATE  COST  WHY"]
    assert _lines(header=False) == []


def test_what_is_spare_goes_first_and_no_more_than_must() -> None:
    item = _item(why="a reason of some length that fills its column")
    assert _lines(item, width=120)[0].split() == ["NAME", "STATE", "COST", "WHY"]
    assert _lines(item, width=50)[0].split() == ["NAME", "STATE", "WHY"]
    assert _lines(item, width=40)[0].split() == ["NAME", "WHY"]


@pytest.mark.parametrize("width", [40, 47, 50, 58, 70, 100])
def test_no_line_is_longer_than_the_terminal_and_no_word_is_lost(width: int) -> None:
    why = "the controller refuses the sign-in, for forty-seven minutes, and nobody has looked yet"
    lines = _lines(_item(why=why), width=width)
    assert max(display_width(line) for line in lines) <= width
    start = lines[0].index("WHY")
    assert " ".join(" ".join(line[start:] for line in lines[1:]).split()).replace("- ", "-") == why


def test_nothing_is_broken_or_left_out_where_there_is_no_terminal() -> None:
    why = "word " * 100
    (_, line) = _lines(_item(why=why.strip()))
    assert line.endswith(why.strip())


def test_wide_letters_take_two_columns() -> None:
    first, second = _lines(_item(name="日本"), _item(name="abcd"), header=False)
    assert display_width(first) == display_width(second)
    assert first.startswith("日本  running")


def test_colour_is_outside_of_the_padding() -> None:
    (line,) = _lines(_item(state="up"), colour=True, header=False)
    assert line == "alpha  \x1b[1;31mup\x1b[0m     1.50"
    assert styled("", "red", colour=True) == ""
    assert styled("x", "red", colour=False) == "x"


def test_control_characters_of_others_do_not_reach_the_terminal() -> None:
    (line,) = _lines(_item(name="a\x1b[2Jb\nc\x07"), header=False)
    assert line.startswith("a [2Jb c ")
    assert line.isprintable()


def test_tables_one_after_the_other_stay_in_line() -> None:
    column = Column("NAME", lambda item: item["name"], least=10)
    other = Column("STATE", lambda item: item["state"])
    (line,) = table([_item()], (column, other), width=None, colour=False, header=False)
    assert line == "alpha       running"
