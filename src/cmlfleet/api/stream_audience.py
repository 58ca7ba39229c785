"""Which part of a message on the stream a team may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cmlfleet.application.team_limit import Scoped, TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState


@dataclass(frozen=True, slots=True)
class WorkerScope:
    """What a limit looks at, without the rest of the record: messages are kept for a while."""

    account_id: str
    labels: Mapping[str, str]


def scope_of(state: CMLWorkerState) -> WorkerScope:
    """Of a record as it is now."""
    return WorkerScope(state.account_id, state.labels)


@dataclass(frozen=True, slots=True)
class Part:
    """One server-sent event's name and data."""

    event: str
    data: str


class Audience(Protocol):
    """Whom a message concerns."""

    def part(self, whole: Part, limit: TeamLimit) -> Part | None:
        """What somebody with the limit gets of it, if anything."""
        ...


@dataclass(frozen=True, slots=True)
class OfWorkers:
    """A message about workers, told whole to whoever sees one of them."""

    scopes: Sequence[Scoped]

    def part(self, whole: Part, limit: TeamLimit) -> Part | None:
        """All or nothing."""
        return whole if any(limit.admits(scope) for scope in self.scopes) else None


@dataclass(frozen=True, slots=True)
class OfWorkerThatMoved:
    """A worker's change that may have moved it between teams: for the one it left it is gone, for the one it came to
    all of it is new."""

    before: Scoped
    after: Scoped
    removal: Part
    arrival: Part

    def part(self, whole: Part, limit: TeamLimit) -> Part | None:
        """The change itself for those that see it before and after."""
        was, now = limit.admits(self.before), limit.admits(self.after)
        if was:
            return whole if now else self.removal
        return self.arrival if now else None


@dataclass(frozen=True, slots=True)
class OfOperation:
    """Long work, for the team that started it."""

    within: TeamLimit | None

    def part(self, whole: Part, limit: TeamLimit) -> Part | None:
        """All or nothing."""
        return whole if limit.covers(self.within) else None
