"""`cmlfleet completion`."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal, get_args

from cyclopts import Parameter

from cmlfleet.cli.exit_codes import USAGE, CommandFailed

Shell = Literal["bash", "zsh", "fish", "powershell"]
_SHELLS: dict[str, Shell] = {name: name for name in get_args(Shell)}


def completion(
    shell: Shell | None = None,
    *,
    install: Annotated[bool, Parameter(name="--install", negative=(), help="Put it where the shell looks.")] = False,
) -> None:
    """Print the shell's completion script: source <(cmlfleet completion bash).

    Parameters
    ----------
    shell
        The one you work in, unless given.
    """
    from cmlfleet.cli.app import app  # noqa: PLC0415 - the tree of commands that holds this one

    chosen = shell or _SHELLS.get(Path(os.environ.get("SHELL", "")).name)
    if chosen is None:
        raise CommandFailed(f"name a shell: {', '.join(_SHELLS)}", status=USAGE)
    if install:
        path = app.install_completion(shell=chosen)
        sys.stderr.write(f"installed {path}; it works in the next shell that you open\n")
    else:
        sys.stdout.write(app.generate_completion(shell=chosen))
