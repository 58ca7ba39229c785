"""Asking before something is done that cannot be undone."""

import sys

from cmlfleet.cli.exit_codes import FAILED, USAGE, CommandFailed
from cmlfleet.cli.layout import printable


def confirm(question: str, *, yes: bool) -> None:
    """Return when it may be done. Raises CommandFailed when the answer is no, or where there is nobody to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandFailed(f"{question} There is no terminal to ask: give --yes", status=USAGE)
    sys.stderr.write(f"{printable(question)} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandFailed("nothing was done", status=FAILED)
