"""What an examination found, as lines for a person: the worst stands out, and each has its fix below it."""

import sys
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from cmlfleet.cli.layout import printable, styled, terminal_width, wants_colour

_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}
_INDENT = " " * (max(len(state) for state in _STYLES) + 2)


def print_findings(findings: Iterable[Mapping[str, Any]]) -> None:
    """Each with `check`, `state`, `text` and `fix`."""
    colour, width = wants_colour(sys.stdout), terminal_width(sys.stdout)
    for finding in findings:
        state = styled(finding["state"], _STYLES[finding["state"]], colour=colour)
        lines = _wrapped(f"{finding['check']}: {finding['text']}", width)
        sys.stdout.write(f"{state}{_INDENT[len(finding['state']) :]}{lines}\n")
        if finding["fix"]:
            sys.stdout.write(f"{_INDENT}{_wrapped('fix: ' + finding['fix'], width)}\n")


def _wrapped(text: str, width: int | None) -> str:
    text = printable(text)
    if width is None:
        return text
    lines = textwrap.wrap(text, max(width - len(_INDENT), len(_INDENT)), break_on_hyphens=False)
    return f"\n{_INDENT}".join(lines)
