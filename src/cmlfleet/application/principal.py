"""Who sends a message, and what they may do."""

from dataclasses import dataclass, field
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


class Kind(StrEnum):
    """What a name is the name of."""

    USER = "user"
    TOKEN = "token"  # noqa: S105 - a word
    BOOTSTRAP = "bootstrap"
    OPENID = "openid"
    """A person whom an OpenID provider vouches for."""
    SERVER = "server"
    """Who runs a command where the service's database is."""
    SERVICE = "service"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, an API token by its name, or a part of the service itself. `limit` None: the whole fleet.

    `address` is where the request came from, `holder` what their sessions are kept under (`ports/sessions.py`).
    """

    name: str
    role: Role
    limit: TeamLimit | None = None
    kind: Kind = Kind.USER
    address: str | None = None
    holder: str | None = field(default=None, repr=False)


SYSTEM = Principal("system", Role.ADMIN, kind=Kind.SERVICE)
SCHEDULE = Principal("schedule", Role.OPERATOR, kind=Kind.SERVICE)
DISCOVERY = Principal("discovery", Role.OPERATOR, kind=Kind.SERVICE)
ANYONE = Principal("anyone", Role.VIEWER, kind=Kind.ANONYMOUS)  # who has not signed in
