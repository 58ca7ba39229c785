"""A worker's own CML credentials: written, never read back."""

from dataclasses import dataclass, field

from cmlfleet.application.clock import Clock
from cmlfleet.application.errors import InvalidRequest
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.sources import CMLCredentials, CMLSource
from cmlfleet.application.ports.storage import CredentialsStore
from cmlfleet.application.principal import Principal
from cmlfleet.application.services.worker_shelf import WorkerShelf
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.identifiers import WorkerId


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCredentialsCommand(Message[None]):
    """A user name with its password, or a ready token."""

    worker_id: WorkerId
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCredentialsCommand(Message[None]):
    """Back to the fleet's credentials."""

    worker_id: WorkerId


class SetCredentialsCommandHandler:
    """Stores, or removes, and makes the next reading use what holds now."""

    def __init__(self, *, shelf: WorkerShelf, credentials: CredentialsStore, cml: CMLSource, clock: Clock) -> None:
        self._shelf = shelf
        self._credentials = credentials
        self._cml = cml
        self._clock = clock

    async def handle_async(
        self, message: SetCredentialsCommand | DeleteCredentialsCommand, principal: Principal
    ) -> None:
        """Raises WorkerNotFound, InvalidRequest and StorageUnavailable."""
        cause = Cause(actor=principal.name, command=type(message).__name__)
        await self._shelf.take(message.worker_id, cause=cause)
        present = isinstance(message, SetCredentialsCommand)
        if isinstance(message, SetCredentialsCommand):
            by_password = message.username is not None and message.password is not None
            if by_password == (message.token is not None):
                raise InvalidRequest("give either username and password, or token")
            await self._credentials.put(
                message.worker_id,
                CMLCredentials(username=message.username, password=message.password, token=message.token),
            )
        else:
            await self._credentials.delete(message.worker_id)
        now = self._clock()
        await self._shelf.change(
            message.worker_id, cause=cause, apply=lambda worker: worker.own_credentials(present=present, at=now)
        )
        await self._cml.forget(message.worker_id)
