"""Every change and every refusal is written down, without secrets; a trail that cannot be written says so."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.workers import NOW

from cmlfleet.application.access import Audited, Reach, Rule
from cmlfleet.application.auditing import LONGEST_JSON, Auditing, NotAudited
from cmlfleet.application.authorisation import Authorisation
from cmlfleet.application.changes import note_change
from cmlfleet.application.errors import InvalidRequest, NotAllowed, OutsideLimit, TooManyAttempts, WorkerNotFound
from cmlfleet.application.mediator import Mediator, Message, Registration
from cmlfleet.application.ports.audit import AuditCriteria, AuditEntry, Change
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.application.principal import ANYONE, SCHEDULE, Kind, Principal, Role
from cmlfleet.application.queries.criteria import Page
from cmlfleet.application.services.refused_attempts import RefusedAttempts
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.identifiers import WorkerId

W_1 = WorkerId("w-1")


@dataclass(frozen=True)
class Read(Message[str]):
    word: str = ""


@dataclass(frozen=True)
class Annotate(Message[str]):
    worker_id: WorkerId = W_1
    note: str = "mine"
    password: str = field(default="s3cret", repr=False)
    fails: bool = False


@dataclass(frozen=True)
class Routine(Message[str]):
    pass


RULES: dict[type[Message[Any]], Rule] = {
    Read: Rule(Role.VIEWER, Reach.FLEET),
    Annotate: Rule(Role.OPERATOR, Reach.WORKER, Audited.ALWAYS),
    Routine: Rule(Role.OPERATOR, Reach.FLEET, Audited.UNLESS_BY_ITSELF),
}
ANN = Principal("ann", Role.OPERATOR, kind=Kind.TOKEN, address="192.0.2.7")
VIEWER = Principal("vic", Role.VIEWER)


class FakeTrail:
    """Implements `AuditTrail`."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.is_down = False

    async def add(self, entry: AuditEntry) -> None:
        if self.is_down:
            raise StorageUnavailable("the fake trail is down")
        self.entries.append(entry)

    async def find(self, criteria: AuditCriteria) -> Page[AuditEntry]:
        return Page(items=tuple(self.entries), next_cursor=None, total=len(self.entries))


class Handler:
    handled = 0

    async def handle_async(self, message: Message[Any], principal: Principal) -> str:
        self.handled += 1
        if isinstance(message, Annotate):
            if message.fails:
                raise InvalidRequest("no such note")
            note_change("note", before="old", after=message.note)
        return "done"


@dataclass
class RedWorker:
    account_id: str = "1"
    labels: dict[str, str] = field(default_factory=lambda: {"team": "red"})


class Scene:
    def __init__(self) -> None:
        self.trail, self.handler, self.failures = FakeTrail(), Handler(), 0
        strangers = RefusedAttempts(trail=self.trail, clock=lambda: NOW, observe_failure=self._failed)
        self.audit = Auditing(
            RULES, trail=self.trail, strangers=strangers, clock=lambda: NOW, observe_failure=self._failed
        )
        self.mediator = Mediator(
            [Registration(message, self.handler) for message in RULES],
            pipeline=(self.audit, Authorisation(RULES, find_worker=self._find)),
        )

    async def _find(self, worker_id: WorkerId) -> RedWorker | None:
        return RedWorker() if worker_id == "w-1" else None

    def _failed(self) -> None:
        self.failures += 1


async def test_a_change_says_who_from_where_what_on_which_worker_before_and_after() -> None:
    scene = Scene()
    await scene.mediator.execute_async(Annotate(), ANN)
    (entry,) = scene.trail.entries
    assert (entry.actor, entry.actor_kind, entry.role, entry.address) == ("ann", "token", "operator", "192.0.2.7")
    assert (entry.action, entry.worker_id, entry.result, entry.at) == ("Annotate", "w-1", "done", NOW)
    assert entry.request == {"note": "mine", "fails": False}
    assert list(entry.changes) == [Change(what="note", before="old", after="mine")]


async def test_what_fails_is_written_with_its_reason() -> None:
    scene = Scene()
    with pytest.raises(InvalidRequest):
        await scene.mediator.execute_async(Annotate(fails=True), ANN)
    (entry,) = scene.trail.entries
    assert (entry.result, entry.detail) == ("failed", "no such note")


@pytest.mark.parametrize(
    ("message", "principal", "refusal"),
    [
        (Annotate(), VIEWER, NotAllowed),
        (Annotate(), Principal("ann", Role.ADMIN, TeamLimit(labels=("team=blue",))), OutsideLimit),
    ],
)
async def test_what_is_refused_is_written_though_its_handler_never_ran(
    message: Message[Any], principal: Principal, refusal: type[Exception]
) -> None:
    scene = Scene()
    with pytest.raises(refusal) as refused:
        await scene.mediator.execute_async(message, principal)
    (entry,) = scene.trail.entries
    assert (entry.result, entry.detail) == ("refused", str(refused.value))
    assert scene.handler.handled == 0


async def test_a_query_is_written_only_when_it_is_refused() -> None:
    scene = Scene()
    await scene.mediator.execute_async(Read(), VIEWER)
    assert scene.trail.entries == []
    with pytest.raises(Exception, match="team=blue"):
        await scene.mediator.execute_async(Read(), Principal("ann", Role.ADMIN, TeamLimit(labels=("team=blue",))))
    assert [entry.result for entry in scene.trail.entries] == ["refused"]


async def test_a_worker_that_does_not_exist_is_no_refusal() -> None:
    scene = Scene()
    limited = Principal("ann", Role.ADMIN, TeamLimit(labels=("team=red",)))
    with pytest.raises(WorkerNotFound):
        await scene.mediator.execute_async(Annotate(worker_id=WorkerId("w-none")), limited)
    assert [entry.result for entry in scene.trail.entries] == ["failed"]


async def test_what_the_service_does_by_itself_every_minute_is_not_written() -> None:
    scene = Scene()
    await scene.mediator.execute_async(Routine(), SCHEDULE)
    assert scene.trail.entries == []
    await scene.mediator.execute_async(Routine(), ANN)
    assert len(scene.trail.entries) == 1


async def test_what_a_command_sends_itself_is_part_of_its_entry() -> None:
    scene = Scene()

    class Sending:
        async def handle_async(self, message: Message[Any], principal: Principal) -> str:
            return await scene.mediator.execute_async(Annotate(), principal)

    await Mediator([Registration(Routine, Sending())], pipeline=(scene.audit,)).execute_async(Routine(), ANN)
    (entry,) = scene.trail.entries
    assert (entry.action, [change.what for change in entry.changes]) == ("Routine", ["note"])


async def test_a_trail_that_cannot_be_written_fails_the_command_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene()
    scene.trail.is_down = True
    with pytest.raises(NotAudited, match="it was done"):
        await scene.mediator.execute_async(Annotate(), ANN)
    said = capsys.readouterr().out
    assert "audit_not_written" in said
    assert "ann" in said
    assert "s3cret" not in said
    assert scene.failures == 1


async def test_a_refusal_stays_one_when_the_trail_is_down() -> None:
    scene = Scene()
    scene.trail.is_down = True
    with pytest.raises(NotAllowed):
        await scene.mediator.execute_async(Annotate(), VIEWER)
    assert scene.failures == 1


async def test_an_entry_stays_short_whatever_is_asked() -> None:
    scene = Scene()
    await scene.mediator.execute_async(Annotate(note="x" * 10 * LONGEST_JSON), ANN)
    (entry,) = scene.trail.entries
    assert list(entry.request) == ["shortened"]
    assert [change.what for change in entry.changes] == ["shortened"]
    assert len(str(entry)) < LONGEST_JSON


async def test_strangers_cannot_fill_the_trail() -> None:
    trail, times = FakeTrail(), [NOW]
    attempts = RefusedAttempts(trail=trail, clock=lambda: times[-1], observe_failure=lambda: None)

    async def knock(address: str = "192.0.2.1") -> None:
        await attempts.note(address=address, attempt="GET /api/v1/workers", why="the token is not known")

    for _ in range(50):
        await knock()
    await knock("192.0.2.2")
    for number in range(50):
        await knock(f"2001:db8::{number:x}")
    assert [entry.address for entry in trail.entries] == ["192.0.2.1", "192.0.2.2", "2001:db8::0"]
    times.append(NOW + timedelta(seconds=61))
    await knock()
    assert "49 more" in str(trail.entries[-1].detail)


async def test_who_goes_on_when_there_are_no_attempts_left_cannot_fill_the_trail_either() -> None:
    scene = Scene()

    class Guessed:
        async def handle_async(self, message: Message[Any], principal: Principal) -> str:
            raise TooManyAttempts(30.0)

    mediator = Mediator([Registration(Annotate, Guessed())], pipeline=(scene.audit,))
    for number in range(50):
        with pytest.raises(TooManyAttempts):
            await mediator.execute_async(Annotate(), replace(ANYONE, address=f"2001:db8::{number:x}"))
    (entry,) = scene.trail.entries
    assert (entry.actor, entry.action, entry.detail) == ("anyone", "Annotate", "too many attempts")
    for _ in range(2):
        with pytest.raises(TooManyAttempts):
            await mediator.execute_async(Annotate(), ANN)  # somebody who is known stands there each time
    assert [entry.actor for entry in scene.trail.entries] == ["anyone", "ann", "ann"]
