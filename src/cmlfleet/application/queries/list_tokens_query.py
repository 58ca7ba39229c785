"""API tokens, without their text."""

from collections.abc import Sequence
from dataclasses import dataclass

from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.storage import ApiToken, TokenStore
from cmlfleet.application.principal import Principal


@dataclass(frozen=True, slots=True)
class ListTokensQuery(Message[Sequence[ApiToken]]):
    """All of them."""


class ListTokensQueryHandler:
    """Raises StorageUnavailable."""

    def __init__(self, *, tokens: TokenStore) -> None:
        self._tokens = tokens

    async def handle_async(self, message: ListTokensQuery, principal: Principal) -> Sequence[ApiToken]:
        """In no particular order."""
        return await self._tokens.list()
