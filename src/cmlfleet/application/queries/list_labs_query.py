"""Labs of one worker, or of the fleet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cmlfleet.application.errors import InvalidRequest, WorkerNotFound
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.reading import FleetReader
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.criteria import Page
from cmlfleet.application.queries.unread_part import why_unread
from cmlfleet.application.queries.views import LabView, UnreadLabsView, UnreadWorkerView
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, WorkerRole
from cmlfleet.domain.facts import LAB_STATES
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sources import CMLPart, Source

UNREAD_NAMED = 100
"""So many workers whose labs were not read are named; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPage(Page[LabView]):
    """`reason`, of one worker's labs: why they are not known, or are only those of the account (`not_admin`).
    `unread` names the workers of which that holds."""

    reason: str | None
    unread: UnreadLabsView


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLabsQuery(Message[LabPage]):
    """`q` looks into title, owner and the worker's name; `cursor` counts the labs already given."""

    worker_id: WorkerId | None = None
    q: str | None = None
    state: tuple[str, ...] = ()
    limit: int = 100
    cursor: str | None = None


class ListLabsQueryHandler:
    """Raises WorkerNotFound, InvalidRequest and StorageUnavailable."""

    def __init__(self, *, reader: FleetReader) -> None:
        self._reader = reader

    async def handle_async(self, message: ListLabsQuery, principal: Principal) -> LabPage:
        """One page, in the order of worker and title."""
        if message.worker_id is None:
            states = sorted(
                await self._reader.fleet_states(principal.limit), key=lambda state: (state.name, state.id)
            )
        else:
            state = await self._reader.get_state(message.worker_id)
            if state is None:
                raise WorkerNotFound(message.worker_id)
            states = [state]
        _check_states(message.state, states)
        matching = [lab for state in states for lab in _labs(state) if _matches(lab, message)]
        start = _start(message.cursor)
        end = start + message.limit
        reason = None if message.worker_id is None else _reason(states[0])
        # A compute host has no labs of its own: its controller tells them.
        with_labs = [state for state in states if state.role is not WorkerRole.COMPUTE]
        unread = [(state, why) for state in with_labs if (why := _reason(state)) is not None]
        return LabPage(
            items=tuple(matching[start:end]),
            next_cursor=str(end) if end < len(matching) else None,
            total=len(matching),
            reason=reason,
            unread=UnreadLabsView(
                total=len(unread),
                workers=tuple(
                    UnreadWorkerView(worker_id=state.id, worker_name=state.name, reason=why)
                    for state, why in unread[:UNREAD_NAMED]
                ),
            ),
        )


def _check_states(wanted: Iterable[str], states: Iterable[CMLWorkerState]) -> None:
    unknown = set(wanted) - LAB_STATES
    if not unknown:
        return
    known = LAB_STATES.union(lab.state for state in states for lab in state.labs or ())
    if unknown - known:
        raise InvalidRequest(f"{min(unknown - known)!r} is no state of a lab; there are: {', '.join(sorted(known))}")


def _reason(state: CMLWorkerState) -> str | None:
    return state.labs_reason or (why_unread(state, CMLPart.LABS) if state.labs is None else None)


def _labs(state: CMLWorkerState) -> Iterator[LabView]:
    part = state.sources[Source.CML].parts.get(CMLPart.LABS)
    for lab in sorted(state.labs or (), key=lambda lab: (lab.title, lab.lab_id)):
        yield LabView(
            id=lab.lab_id,
            title=lab.title,
            owner=lab.owner,
            state=lab.state,
            node_count=lab.node_count,
            nodes_running=lab.nodes_running,
            created_at=lab.created_at,
            modified_at=lab.modified_at,
            worker_id=state.id,
            worker_name=state.name,
            read_at=None if part is None else part.read_at,
        )


def _matches(lab: LabView, message: ListLabsQuery) -> bool:
    if message.state and lab.state not in message.state:
        return False
    if message.q is None:
        return True
    wanted = message.q.casefold()
    return any(wanted in text.casefold() for text in (lab.title, lab.owner or "", lab.worker_name, lab.id))


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise InvalidRequest("the cursor is not one of ours")
    return int(cursor)
