"""How far long work is, on a terminal alone."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

Advance = Callable[[int, int], None]
"""Told how many are done, of how many."""


@contextmanager
def progress(what: str) -> Generator[Advance]:
    """A bar on standard error that is gone at the end; where standard error is no terminal, nothing."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
