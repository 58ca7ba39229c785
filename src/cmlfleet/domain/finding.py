"""What an examination found: one line for a person, with the fix."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class FindingState(StrEnum):
    """`failed` explains why something does not work; `warning` may, or is about to."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`check` names what was looked at; `fix` what to do, None where nothing needs doing."""

    check: str
    state: FindingState
    text: str
    fix: str | None = None


def ok(check: str, text: str) -> Finding:
    """Looked at, and well."""
    return Finding(check=check, state=FindingState.OK, text=text)


def warning(check: str, text: str, *, fix: str) -> Finding:
    """Not what keeps it from working, or not for certain."""
    return Finding(check=check, state=FindingState.WARNING, text=text, fix=fix)


def failed(check: str, text: str, *, fix: str) -> Finding:
    """This is why."""
    return Finding(check=check, state=FindingState.FAILED, text=text, fix=fix)


def worst(findings: Sequence[Finding]) -> Finding | None:
    """The first that failed, else the first warning; None when all is well."""
    for state in (FindingState.FAILED, FindingState.WARNING):
        for finding in findings:
            if finding.state is state:
                return finding
    return None
