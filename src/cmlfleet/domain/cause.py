"""Who or what made a change happen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """`actor` is a user, a token's name, `schedule` or `discovery`; `command` the name of the command that ran."""

    actor: str
    command: str
