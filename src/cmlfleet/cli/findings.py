"""What an examination found, as lines for a person: the worst stands out, and each has its fix below it."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.markup import escape

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "bold red"}
_STATE_WIDTH = max(len(state) for state in _COLOURS)


def print_findings(findings: Iterable[Mapping[str, Any]]) -> None:
    """Each with `check`, `state`, `text` and `fix`."""
    from rich.console import Console  # noqa: PLC0415 - as in output.py

    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        state = f"[{_COLOURS[finding['state']]}]{finding['state']:{_STATE_WIDTH}}[/]"
        console.print(f"{state}  {escape(finding['check'])}: {escape(finding['text'])}")
        if finding["fix"]:
            console.print(f"{'':{_STATE_WIDTH}}  [dim]fix:[/] {escape(finding['fix'])}")
