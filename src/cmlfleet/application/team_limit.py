"""What of the fleet somebody sees and acts on, where that is not all of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


class Scoped(Protocol):
    """What a limit looks at: a worker's record, or what is left of it."""

    @property
    def account_id(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLimit:
    """Workers in one of `accounts` (any, when empty) that carry `labels`, each `key=value`: several values of one key
    are alternatives, several keys must all hold."""

    labels: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()

    def by_key(self) -> Mapping[str, frozenset[str]]:
        """Each label's key with the values that it may have."""
        found: dict[str, frozenset[str]] = {}
        for key, _, value in (label.partition("=") for label in self.labels):
            found[key] = found.get(key, frozenset()) | {value}
        return found

    def admits(self, worker: Scoped) -> bool:
        """Whether the worker lies within."""
        if self.accounts and worker.account_id not in self.accounts:
            return False
        return all(worker.labels.get(key) in values for key, values in self.by_key().items())

    def covers(self, other: "TeamLimit | None") -> bool:
        """Whether all that the other admits lies within this one; None admits everything."""
        if other is None or (self.accounts and not other.accounts):
            return False
        if self.accounts and not set(other.accounts) <= set(self.accounts):
            return False
        theirs = other.by_key()
        return all(key in theirs and theirs[key] <= values for key, values in self.by_key().items())

    def __str__(self) -> str:
        return ", ".join((*self.labels, *self.accounts))


def team_limit(*, labels: Iterable[str] = (), accounts: Iterable[str] = ()) -> TeamLimit | None:
    """None where nothing limits. Labels are `key=value`."""
    limit = TeamLimit(labels=tuple(sorted(set(labels))), accounts=tuple(sorted(set(accounts))))
    return limit if limit.labels or limit.accounts else None
