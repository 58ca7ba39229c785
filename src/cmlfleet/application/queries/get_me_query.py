"""Who is signed in."""

from dataclasses import dataclass

from cmlfleet.application.mediator import Message
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.views import MeView


@dataclass(frozen=True, slots=True)
class GetMeQuery(Message[MeView]):
    """The sender."""


class GetMeQueryHandler:
    """Knows nothing but the sender."""

    async def handle_async(self, message: GetMeQuery, principal: Principal) -> MeView:
        """With what role."""
        return MeView(
            name=principal.name, kind=principal.kind.value, role=principal.role.value, limit=principal.limit
        )
