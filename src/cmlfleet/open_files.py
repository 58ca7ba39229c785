"""How many files the process may open: each connection is one, and a shell's default of 1,024 is for programs that do
not serve."""

import contextlib
import resource


def allow_all_open_files() -> None:
    """Raise the soft limit to the hard one, which is there for that; where that is refused it stays as it is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
