"""Finding out where the way to a controller ends."""

from typing import Protocol

from cmlfleet.application.ports.sources import CMLTarget
from cmlfleet.domain.probe_facts import ControllerProbeFact


class ControllerProbe(Protocol):
    """Connects as a reading would, step by step. What fails is part of the fact, never raised."""

    async def probe(self, target: CMLTarget) -> ControllerProbeFact:
        """Within the time limit of a reading. Raises StorageUnavailable (the credentials are stored)."""
        ...
