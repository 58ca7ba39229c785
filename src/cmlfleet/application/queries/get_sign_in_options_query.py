"""How one may sign in."""

from dataclasses import dataclass

from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.users import UserStore
from cmlfleet.application.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInOptions:
    """`set_up`: there is no user yet, and the service printed a code for the first."""

    password: bool
    openid: bool
    set_up: bool


@dataclass(frozen=True, slots=True)
class GetSignInOptionsQuery(Message[SignInOptions]):
    """For whoever is not signed in yet."""


class GetSignInOptionsQueryHandler:
    """Raises StorageUnavailable."""

    def __init__(self, *, users: UserStore, openid: bool) -> None:
        self._users = users
        self._openid = openid

    async def handle_async(self, message: GetSignInOptionsQuery, principal: Principal) -> SignInOptions:
        """As of now."""
        somebody = await self._users.any()
        waiting = not somebody and await self._users.set_up_code() is not None
        return SignInOptions(password=somebody, openid=self._openid, set_up=waiting)
