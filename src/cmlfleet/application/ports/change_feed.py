"""What was saved anywhere, in one order, for every process to follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cmlfleet.application.ports.storage import Operation
from cmlfleet.domain.identifiers import WorkerId


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FeedPosition:
    """A place in the feed. Places of one `epoch` are in order; a feed that lost its data begins another."""

    epoch: str
    milliseconds: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """What one process committed within a moment. Names and versions only: the database has the records."""

    saved: Mapping[WorkerId, int] = field(default_factory=dict[WorkerId, int])
    """The version of each record that was saved."""
    removed: Sequence[WorkerId] = ()
    operations: Sequence[Operation] = ()
    """As they are now, without their items."""
    has_events: bool = False


class ChangeFeed(Protocol):
    """Keeps the latest entries. Every method raises CoordinationUnavailable."""

    async def end(self) -> FeedPosition:
        """The place behind everything that was published until now."""
        ...

    async def publish(self, entry: FeedEntry) -> None: ...

    async def read(self, after: FeedPosition, *, wait_seconds: float) -> Sequence[tuple[FeedPosition, FeedEntry]]:
        """What follows a place; waits for something as long as that, and is empty then."""
        ...

    async def since(self, after: FeedPosition) -> Sequence[tuple[FeedPosition, FeedEntry]] | None:
        """Everything that follows a place; None when what followed it may have been dropped."""
        ...
