"""How the processes of an installation are."""

from collections.abc import Sequence
from typing import Protocol

from cmlfleet.application.queries.system_views import ProcessView, QueueView


class ClusterStatus(Protocol):
    """As of a moment ago; what cannot be known is empty."""

    def processes(self) -> Sequence[ProcessView]: ...
    def queue(self) -> QueueView | None:
        """None: this installation is one process, which needs none."""
        ...
