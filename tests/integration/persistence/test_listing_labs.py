"""Labs of one worker and of the fleet, out of the saved records."""

from datetime import timedelta
from typing import Any

import pytest
from tests.integration.persistence.records import add_all, numbered
from tests.support.workers import NOW

from cmlfleet.application.errors import WorkerNotFound
from cmlfleet.application.principal import SYSTEM
from cmlfleet.application.queries.list_labs_query import ListLabsQuery, ListLabsQueryHandler
from cmlfleet.domain.entities.cml_worker_state import WorkerRole, WorkerStatus
from cmlfleet.domain.facts import CMLLab
from cmlfleet.domain.identifiers import LabId, WorkerId
from cmlfleet.domain.sources import CMLPart, Outcome, PartStatus, Source, SourceStatus
from cmlfleet.persistence.storage import Storage


def _lab(title: str, *, owner: str | None = "anna", state: str = "STOPPED") -> CMLLab:
    return CMLLab(
        lab_id=LabId(f"id-{title}"),
        title=title,
        owner=owner,
        state=state,
        node_count=2,
        nodes_running=0,
        created_at=NOW - timedelta(days=2),
        modified_at=NOW - timedelta(days=1),
    )


@pytest.fixture
async def labs(storage: Storage) -> ListLabsQueryHandler:
    """Two workers with labs, one that was never read, one gone long ago."""
    parts = {CMLPart.LABS: PartStatus(outcome=Outcome.OK, read_at=NOW)}
    sources = {source: SourceStatus() for source in Source} | {Source.CML: SourceStatus(parts=parts)}
    await add_all(
        storage,
        numbered(2, labs=(_lab("BGP", state="STARTED"), _lab("OSPF", owner=None)), sources=sources),
        numbered(1, labs=(_lab("ospf areas", owner="Ünal"), _lab("ACL")), sources=sources),
        numbered(3),
        numbered(4, labs=(_lab("gone"),), status=WorkerStatus.TERMINATED, gone_at=NOW - timedelta(days=2)),
    )
    return ListLabsQueryHandler(reader=storage.reader)


async def _titles(labs: ListLabsQueryHandler, **criteria: Any) -> list[str]:
    page = await labs.handle_async(ListLabsQuery(**criteria), SYSTEM)
    assert page.total == len(page.items)
    return [lab.title for lab in page.items]


async def test_labs_of_the_fleet_by_worker_and_title(labs: ListLabsQueryHandler) -> None:
    assert await _titles(labs) == ["ACL", "ospf areas", "BGP", "OSPF"]


async def test_whose_labs_were_not_read_is_told_whatever_is_looked_for(labs: ListLabsQueryHandler) -> None:
    for query in (ListLabsQuery(), ListLabsQuery(q="bgp"), ListLabsQuery(limit=1, cursor="2")):
        unread = (await labs.handle_async(query, SYSTEM)).unread
        assert [(entry.worker_id, entry.reason) for entry in unread.workers] == [("w-003", "never_read")]
        assert unread.total == 1


async def test_a_compute_host_has_no_labs_that_could_be_missing(storage: Storage) -> None:
    await add_all(storage, numbered(1, role=WorkerRole.COMPUTE), numbered(2))
    unread = (await ListLabsQueryHandler(reader=storage.reader).handle_async(ListLabsQuery(), SYSTEM)).unread
    assert [entry.worker_id for entry in unread.workers] == ["w-002"]


async def test_of_many_whose_labs_were_not_read_a_hundred_are_named(storage: Storage) -> None:
    await add_all(storage, *(numbered(number) for number in range(103)))
    unread = (await ListLabsQueryHandler(reader=storage.reader).handle_async(ListLabsQuery(), SYSTEM)).unread
    assert (unread.total, len(unread.workers)) == (103, 100)


@pytest.mark.parametrize(("worker", "reason"), [("w-002", None), ("w-003", "never_read"), (None, None)])
async def test_labs_that_were_not_read_do_not_pass_for_none(
    labs: ListLabsQueryHandler, worker: str | None, reason: str | None
) -> None:
    wanted = None if worker is None else WorkerId(worker)
    assert (await labs.handle_async(ListLabsQuery(worker_id=wanted), SYSTEM)).reason == reason


async def test_labs_of_one_worker(labs: ListLabsQueryHandler) -> None:
    assert await _titles(labs, worker_id=WorkerId("w-002")) == ["BGP", "OSPF"]
    assert await _titles(labs, worker_id=WorkerId("w-003")) == []
    with pytest.raises(WorkerNotFound):
        await _titles(labs, worker_id=WorkerId("w-404"))
    with pytest.raises(WorkerNotFound):
        await _titles(labs, worker_id=WorkerId("\0"))


async def test_a_lab_comes_back_as_it_was_read(labs: ListLabsQueryHandler) -> None:
    (lab,) = (await labs.handle_async(ListLabsQuery(q="BGP"), SYSTEM)).items
    assert (lab.id, lab.title, lab.owner, lab.state) == ("id-BGP", "BGP", "anna", "STARTED")
    assert (lab.node_count, lab.nodes_running) == (2, 0)
    assert (lab.created_at, lab.modified_at, lab.read_at) == (NOW - timedelta(days=2), NOW - timedelta(days=1), NOW)
    assert (lab.worker_id, lab.worker_name) == ("w-002", "worker-002")


async def test_labs_are_found_by_title_owner_worker_and_state(labs: ListLabsQueryHandler) -> None:
    assert await _titles(labs, q="OSPF") == ["ospf areas", "OSPF"]
    assert await _titles(labs, q="ÜNAL") == ["ospf areas"]
    assert await _titles(labs, q="worker-002") == ["BGP", "OSPF"]
    assert await _titles(labs, q="%") == []
    assert await _titles(labs, state=("STARTED",)) == ["BGP"]
    assert await _titles(labs, state=("STARTED", "STOPPED"), q="anna") == ["ACL", "BGP"]


async def test_labs_come_in_pages(labs: ListLabsQueryHandler) -> None:
    first = await labs.handle_async(ListLabsQuery(limit=3), SYSTEM)
    last = await labs.handle_async(ListLabsQuery(limit=3, cursor=first.next_cursor), SYSTEM)
    assert [lab.title for lab in (*first.items, *last.items)] == ["ACL", "ospf areas", "BGP", "OSPF"]
    assert (first.total, last.total, last.next_cursor) == (4, 4, None)
