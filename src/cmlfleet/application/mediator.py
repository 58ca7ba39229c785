"""The one way in: a table from a message's class to its handler, with a short pipeline round it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from cmlfleet.application.principal import SYSTEM, Principal

T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)


class Message(Generic[R_co]):
    """A command or a query; `R` is what its handler answers. Who may send it stands in `access.py`."""

    __slots__ = ()


M_contra = TypeVar("M_contra", bound=Message[Any], contravariant=True)


class Handler(Protocol[M_contra, R_co]):
    """Carries out one kind of message."""

    async def handle_async(self, message: M_contra, principal: Principal) -> R_co: ...


Next = Callable[[], Awaitable[Any]]


class Behaviour(Protocol):
    """One step of the pipeline: does its part before and after `proceed`."""

    async def __call__(self, message: Message[Any], principal: Principal, proceed: Next) -> Any: ...


@dataclass(frozen=True, slots=True)
class Registration:
    """A message's class and the handler it goes to."""

    message: type[Message[Any]]
    handler: Handler[Any, Any]


class Mediator:
    """Dispatches each message to its one handler, through the pipeline, in the order given."""

    def __init__(self, registrations: Sequence[Registration], *, pipeline: Sequence[Behaviour]) -> None:
        self._handlers = {registration.message: registration.handler for registration in registrations}
        self._pipeline = tuple(pipeline)

    @property
    def messages(self) -> frozenset[type[Message[Any]]]:
        """Every class of message that has a handler."""
        return frozenset(self._handlers)

    async def execute_async(self, message: Message[T], principal: Principal = SYSTEM) -> T:
        """Carry out the message for the principal. Raises NotAllowed and what the handler raises."""
        return await self._from_step(0, self._handlers[type(message)], message, principal)

    async def _from_step(self, step: int, handler: Handler[Any, T], message: Message[T], principal: Principal) -> T:
        """Not a closure that calls itself: each message would leave a cycle for the garbage collector."""
        if step == len(self._pipeline):
            return await handler.handle_async(message, principal)
        following = partial(self._from_step, step + 1, handler, message, principal)
        return await self._pipeline[step](message, principal, following)
