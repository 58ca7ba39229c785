"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cmlfleet.cli.output import Form

Output = Annotated[Form, Parameter(name=["-o", "--output"], help="How to print.")]
Yes = Annotated[bool, Parameter(name="--yes", negative=(), help="Do not ask.")]
Config = Annotated[
    Path | None, Parameter(name="--config", help="The configuration file; ./cmlfleet.toml by default.")
]
