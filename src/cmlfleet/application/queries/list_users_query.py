"""Users, without their passwords."""

from collections.abc import Sequence
from dataclasses import dataclass

from cmlfleet.application.commands.user_commands import user_view
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.users import UserStore
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.views import UserView


@dataclass(frozen=True, slots=True)
class ListUsersQuery(Message[Sequence[UserView]]):
    """All of them."""


class ListUsersQueryHandler:
    """Raises StorageUnavailable."""

    def __init__(self, *, users: UserStore) -> None:
        self._users = users

    async def handle_async(self, message: ListUsersQuery, principal: Principal) -> Sequence[UserView]:
        """In the order of their names."""
        return [user_view(user) for user in await self._users.list()]
