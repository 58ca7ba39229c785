"""From what a provider says of somebody to what they may do here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from cmlfleet.application.commands.create_token_command import RESERVED_NAMES
from cmlfleet.application.errors import NotVouchedFor
from cmlfleet.application.ports.sessions import Identity
from cmlfleet.application.principal import Role
from cmlfleet.application.team_limit import team_limit

LONGEST_NAME = 256  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """`role_claim` names the claim whose values `roles` maps, the highest wins; a dot goes into objects.

    With `limit_claim`, its values are those of the label `limit_label` that limits who is no admin.
    """

    role_claim: str
    roles: Mapping[str, Role]
    limit_claim: str | None = None
    limit_label: str = "team"


def identity_of(claims: Mapping[str, Any], rules: ClaimRules, *, id_token: str) -> Identity:
    """Raises NotVouchedFor for somebody whom no rule gives a role, or, where teams are asked for, no team."""
    said = _values(claims, rules.role_claim)
    roles = [rules.roles[value] for value in said if value in rules.roles]
    if not roles:
        raise NotVouchedFor(f"the provider's claim {rules.role_claim!r} gives no role here")
    role = roles[0]
    for other in roles[1:]:
        role = other if other.includes(role) else role
    limit = None
    if rules.limit_claim is not None and role is not Role.ADMIN:
        limit = team_limit(labels=[f"{rules.limit_label}={value}" for value in _values(claims, rules.limit_claim)])
        if limit is None:
            raise NotVouchedFor(f"the provider's claim {rules.limit_claim!r} names no team")
    return Identity(name=_name(claims), role=role, limit=limit, id_token=id_token)


def _name(claims: Mapping[str, Any]) -> str:
    for claim in ("preferred_username", "email", "sub"):
        name = claims.get(claim)
        if isinstance(name, str) and name.strip() and name.strip().casefold() not in RESERVED_NAMES:
            return name.strip()[:LONGEST_NAME]
    raise NotVouchedFor("the ID token names nobody")


def _values(claims: Mapping[str, Any], claim: str) -> list[str]:
    found: Any = claims.get(claim)
    if found is None:
        found = claims
        for step in claim.split("."):
            found = cast("dict[str, Any]", found).get(step) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return [found]
    return [value for value in cast("list[Any]", found) if isinstance(value, str)] if isinstance(found, list) else []
