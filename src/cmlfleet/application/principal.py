"""Who sends a message, and what they may do."""

from dataclasses import dataclass
from enum import StrEnum

from cmlfleet.application.team_limit import TeamLimit


class Role(StrEnum):
    """`viewer` reads, `operator` also acts, `admin` also configures."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do all that the other may."""
        return _RANK[self] >= _RANK[other]


_RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.ADMIN: 2}


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, an API token by its name, or a part of the service itself. `limit` None: the whole fleet."""

    name: str
    role: Role
    limit: TeamLimit | None = None


SYSTEM = Principal("system", Role.ADMIN)
SCHEDULE = Principal("schedule", Role.OPERATOR)
DISCOVERY = Principal("discovery", Role.OPERATOR)
ANYONE = Principal("anyone", Role.VIEWER)  # who scrapes metrics that the configuration opens
