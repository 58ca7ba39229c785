"""One handler for each message, the pipeline round it, and roles that hold for everybody."""

from dataclasses import dataclass
from typing import Any

import pytest

from cmlfleet.application.access import Reach, Rule
from cmlfleet.application.authorisation import Authorisation
from cmlfleet.application.errors import NotAllowed
from cmlfleet.application.mediator import Mediator, Message, Next, Registration
from cmlfleet.application.principal import Principal, Role
from cmlfleet.domain.identifiers import WorkerId


@dataclass(frozen=True)
class Read(Message[str]):
    word: str


@dataclass(frozen=True)
class Change(Message[str]):
    pass


@dataclass(frozen=True)
class Unlisted(Message[str]):
    pass


async def nothing_is_known(worker_id: WorkerId) -> None:
    return None


AUTHORISE = Authorisation(
    {Read: Rule(Role.VIEWER, Reach.WITHIN), Change: Rule(Role.OPERATOR, Reach.FLEET)}, find_worker=nothing_is_known
)


class Handler:
    def __init__(self) -> None:
        self.handled: list[tuple[Message[Any], Principal]] = []

    async def handle_async(self, message: Message[Any], principal: Principal) -> str:
        self.handled.append((message, principal))
        return f"handled {message}"


VIEWER, OPERATOR, ADMIN = (Principal(role.value, role) for role in Role)


async def test_a_message_goes_to_its_handler_with_who_sent_it() -> None:
    reads, changes = Handler(), Handler()
    mediator = Mediator([Registration(Read, reads), Registration(Change, changes)], pipeline=(AUTHORISE,))
    assert await mediator.execute_async(Read("a"), VIEWER) == "handled Read(word='a')"
    assert reads.handled == [(Read("a"), VIEWER)]
    assert changes.handled == []


async def test_who_lacks_the_role_is_refused_before_the_handler_runs() -> None:
    changes = Handler()
    mediator = Mediator([Registration(Change, changes)], pipeline=(AUTHORISE,))
    with pytest.raises(NotAllowed) as refused:
        await mediator.execute_async(Change(), VIEWER)
    assert "operator" in str(refused.value)
    assert changes.handled == []
    for principal in (OPERATOR, ADMIN):
        await mediator.execute_async(Change(), principal)
    assert [principal for _, principal in changes.handled] == [OPERATOR, ADMIN]


async def test_a_message_that_the_table_of_access_lacks_goes_nowhere() -> None:
    handler = Handler()
    mediator = Mediator([Registration(Unlisted, handler)], pipeline=(AUTHORISE,))
    with pytest.raises(LookupError):
        await mediator.execute_async(Unlisted(), ADMIN)
    assert handler.handled == []


async def test_the_pipeline_runs_in_its_order_round_the_handler() -> None:
    told: list[str] = []

    def step(name: str) -> Any:
        async def behaviour(message: Message[Any], principal: Principal, proceed: Next) -> Any:
            told.append(f"{name} before")
            answer = await proceed()
            told.append(f"{name} after")
            return answer

        return behaviour

    mediator = Mediator([Registration(Read, Handler())], pipeline=(step("first"), AUTHORISE, step("second")))
    await mediator.execute_async(Read("a"), VIEWER)
    assert told == ["first before", "second before", "second after", "first after"]
