"""The names of everything that is kept in Redis."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """All of one installation's; another installation may use the same Redis.

    Everything here can be rebuilt from the database: see `docs/architecture/cluster.md`.
    """

    installation: str

    def __call__(self, name: str) -> str:
        """The key with that name."""
        return f"cmlfleet:{self.installation}:{name}"

    @property
    def leader(self) -> str:
        """The token of who leads; it lapses."""
        return self("leader")

    @property
    def fence(self) -> str:
        """The highest fencing number that has fired."""
        return self("fence")
