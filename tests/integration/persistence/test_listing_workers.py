"""Filters, search, sorting and pages of the list of workers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from tests.integration.persistence.records import add_all, full_state, numbered
from tests.support.workers import NOW

from cmlfleet.application.ports.reading import InvalidCriteria
from cmlfleet.application.queries.criteria import FigureFilter, Page, WorkerCriteria
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, Health, WorkerRole, WorkerStatus
from cmlfleet.domain.facts import EC2ScheduledEvent
from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.persistence import tables
from cmlfleet.persistence.storage import Storage
from cmlfleet.persistence.worker_filters import FIELDS, conditions


async def _ids(storage: Storage, **criteria: Any) -> list[str]:
    page = await storage.reader.find_states(WorkerCriteria(**criteria))
    assert page.total == len(page.items)
    return [state.id.removeprefix("w-") for state in page.items]


async def _fleet(storage: Storage, *changes: dict[str, Any]) -> None:
    await add_all(storage, *(numbered(number, **change) for number, change in enumerate(changes, start=1)))


async def test_without_criteria_the_list_holds_everybody_whole(storage: Storage) -> None:
    states = await add_all(storage, numbered(2), numbered(1))
    page = await storage.reader.find_states(WorkerCriteria())
    assert page == Page(items=tuple(reversed(states)), next_cursor=None, total=2)


async def test_of_nobody_there_is_an_empty_page(storage: Storage) -> None:
    assert await storage.reader.find_states(WorkerCriteria()) == Page(items=(), next_cursor=None, total=0)


async def test_several_values_of_one_criterion_are_alternatives(storage: Storage) -> None:
    await _fleet(
        storage,
        {"status": WorkerStatus.RUNNING},
        {"status": WorkerStatus.STOPPED},
        {"status": WorkerStatus.SHUTTING_DOWN},
    )
    assert await _ids(storage, status=("running",)) == ["001"]
    assert await _ids(storage, status=("running", "shutting-down")) == ["001", "003"]
    assert await _ids(storage, status=("pending",)) == []


async def test_region_account_and_health(storage: Storage) -> None:
    await _fleet(
        storage,
        {"region": Region("eu-west-1"), "health": Health.READY},
        {"account_id": AccountId("999900001111"), "health": Health.DEGRADED},
        {"health": Health.READY},
    )
    assert await _ids(storage, region=("eu-west-1",)) == ["001"]
    assert await _ids(storage, account_id=("999900001111",)) == ["002"]
    assert await _ids(storage, health=("ready",)) == ["001", "003"]
    assert await _ids(storage, health=("ready", "degraded"), region=("us-east-1",)) == ["002", "003"]
    assert await _ids(storage, health=("ready",), account_id=("999900001111",)) == []


async def test_gone_workers_leave_the_list_after_a_day_unless_asked_for(storage: Storage) -> None:
    just, over = NOW - timedelta(hours=23, minutes=59), NOW - timedelta(hours=24, minutes=1)
    await _fleet(
        storage,
        {"status": WorkerStatus.TERMINATED, "gone_at": just},
        {"status": WorkerStatus.TERMINATED, "gone_at": over},
        {"status": WorkerStatus.MISSING, "gone_at": over},
        {"status": WorkerStatus.RUNNING},
    )
    assert await _ids(storage) == ["001", "004"]
    assert {state.id for state in await storage.reader.fleet_states()} == {"w-001", "w-004"}
    assert len(await storage.reader.fleet_summaries()) == 2
    assert await _ids(storage, status=("terminated",)) == ["001", "002"]
    assert await _ids(storage, status=("missing", "running")) == ["003", "004"]


async def test_labels_by_key_and_value(storage: Storage) -> None:
    await _fleet(
        storage,
        {"labels": {"team": "red", "room": "1"}},
        {"labels": {"team": "redder"}},
        {"labels": {"myteam": "red"}},
        {"labels": {"team": ""}},
        {},
    )
    assert await _ids(storage, labels=(("team", "red"),)) == ["001"]
    assert await _ids(storage, labels=(("team", None),)) == ["001", "002", "004"]
    assert await _ids(storage, labels=(("team", ""),)) == ["004"]
    assert await _ids(storage, labels=(("team", "red"), ("room", "1"))) == ["001"]
    assert await _ids(storage, labels=(("team", "red"), ("room", "2"))) == []


async def test_labels_are_taken_letter_by_letter(storage: Storage) -> None:
    await _fleet(
        storage, {"labels": {"team": "Red"}}, {"labels": {"Team": "red"}}, {"labels": {"t%": "a_b/", "q": 'x"'}}
    )
    assert await _ids(storage, labels=(("team", "Red"),)) == ["001"]
    assert await _ids(storage, labels=(("team", "red"),)) == []
    assert await _ids(storage, labels=(("Team", None),)) == ["002"]
    assert await _ids(storage, labels=(("t%", "a_b/"),)) == ["003"]
    assert await _ids(storage, labels=(("t_", None),)) == []
    assert await _ids(storage, labels=(("t%", "a%"),)) == []


@pytest.mark.parametrize(
    "q",
    [
        "worker-00",
        "KURS",
        "kurs ä",
        "KURS Ä",
        "100 %",
        "/ 100",
        "\\",
        "网络",
        "🚦",
        "W-FULL",
        "i-0fed",
        "198.51.100.7",
        "10.0.0",
        "c5.METAL",
        "2.9.1+build",
        "drop table",
        "team=rÉs",
        "111122223333",
    ],
)
async def test_search_finds_parts_of_words_in_any_case(storage: Storage, q: str) -> None:
    await add_all(storage, replace(full_state(), gone_at=None), numbered(1))
    found = await _ids(storage, q=q)
    assert found == (["001"] if q == "worker-00" else ["full"] if q != "111122223333" else ["full", "001"])


@pytest.mark.parametrize("q", ["%", "_", "kurs_ä", "zzz", "\0", "x" * 60_000])
async def test_search_finds_nothing_that_is_not_there(storage: Storage, q: str) -> None:
    await _fleet(storage, {"name": "Kurs Ä"})
    assert await _ids(storage, q=q) == []


async def test_an_empty_search_is_none(storage: Storage) -> None:
    await _fleet(storage, {}, {})
    assert await _ids(storage, q="") == ["001", "002"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("eq", 80, ["002"]),
        ("ne", 80, ["001", "003"]),
        ("gt", 80, ["003"]),
        ("gte", 80, ["002", "003"]),
        ("lt", "80", ["001"]),
        ("lte", "80.0", ["001", "002"]),
    ],
)
async def test_figures_compare_and_unknown_ones_never_match(
    storage: Storage, name: str, value: float | str, expected: list[str]
) -> None:
    figures = [79.9, 80.0, 80.1, None]
    await _fleet(storage, *({"cpu_utilization": figure} for figure in figures))
    assert await _ids(storage, figures=(FigureFilter("cpu_utilization", name, value),)) == expected


async def test_figures_of_every_kind(storage: Storage) -> None:
    retirement = EC2ScheduledEvent(code="instance-retirement", description="the host")
    await _fleet(
        storage,
        {
            "memory_utilization": 50.0,
            "labs_count": 3,
            "cml_ready": True,
            "role": WorkerRole.CONTROLLER,
            "last_refreshed_at": NOW,
            "scheduled_events": (retirement,),
            "cpu_metrics_at": NOW,
            "cml_version": "2.9.1",
        },
        {
            "cml_ready": False,
            "labs_count": 4,
            "last_refreshed_at": NOW - timedelta(hours=1),
            "monitoring_active": False,
        },
    )

    async def found(field: str, name: str, value: Any) -> list[str]:
        return await _ids(storage, figures=(FigureFilter(field, name, value),))

    assert await found("memory_utilization", "gt", 49) == ["001"]
    assert await found("labs_count", "gte", "3.5") == ["002"]
    assert await found("labs_count", "gt", "3.5") == ["002"]
    assert await found("labs_count", "lt", "3.5") == ["001"]
    assert await found("labs_count", "eq", "3.5") == []
    assert await found("labs_count", "lt", "99999999999999") == ["001", "002"]
    assert await found("labs_count", "gt", "-99999999999999") == ["001", "002"]
    assert await found("cml_ready", "eq", "true") == ["001"]
    assert await found("cml_ready", "ne", True) == ["002"]
    assert await found("cml_ready", "gt", "false") == ["001"]
    assert await found("monitoring_active", "eq", "false") == ["002"]
    assert await found("role", "eq", "controller") == ["001"]
    assert await found("cml_version", "eq", "2.9.1") == ["001"]
    assert await found("cml_version", "eq", "2.9.1\0") == []
    assert await found("scheduled_events", "gt", 0) == ["001"]
    assert await found("metrics_at", "lte", NOW) == ["001"]
    assert await found("last_refreshed_at", "lt", "2026-11-24T11:30:00Z") == ["002"]
    assert await found("last_refreshed_at", "lt", "2026-11-24T12:30:00+01:00") == ["002"]
    assert await found("last_refreshed_at", "lt", datetime(2026, 11, 24, 11, 30, tzinfo=UTC)) == ["002"]
    assert await found("last_refreshed_at", "gte", "2026-11-24T11:30:00") == ["001"]
    assert await found("created_at", "eq", NOW) == ["001", "002"]


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ("no_such_field", "eq", 1),
        ("document", "eq", "x"),
        ("search", "eq", "x"),
        ("cpu_utilization", "like", 1),
        ("cpu_utilization", "gt", "much"),
        ("cpu_utilization", "gt", "nan"),
        ("cpu_utilization", "gt", "inf"),
        ("labs_count", "gt", "1e400"),
        ("cml_ready", "eq", "perhaps"),
        ("launched_at", "gt", "yesterday"),
        ("launched_at", "gt", "0001-01-01T00:00:00+14:00"),
        ("launched_at", "gt", "9999-12-31T23:59:59-14:00"),
    ],
)
async def test_a_figure_that_cannot_be_compared_is_refused_in_words(
    storage: Storage, field: str, name: str, value: Any
) -> None:
    with pytest.raises(InvalidCriteria) as caught:
        await storage.reader.find_states(WorkerCriteria(figures=(FigureFilter(field, name, value),)))
    assert field in str(caught.value) or name in str(caught.value)


async def test_an_unknown_field_or_operator_is_answered_with_what_there_is(storage: Storage) -> None:
    with pytest.raises(InvalidCriteria, match="memory_utilization"):
        await storage.reader.find_states(WorkerCriteria(sort="-ram"))
    with pytest.raises(InvalidCriteria, match="gte"):
        await storage.reader.find_states(WorkerCriteria(figures=(FigureFilter("labs_count", "over", 1),)))


async def test_sorting_by_name_or_figure_puts_unknown_ones_last_both_ways(storage: Storage) -> None:
    await _fleet(
        storage,
        {"name": "b", "cpu_utilization": 20.0},
        {"name": "a", "cpu_utilization": None},
        {"name": "c", "cpu_utilization": 10.0},
        {"name": "B", "cpu_utilization": None},
    )
    assert await _ids(storage, sort="name") == ["004", "002", "001", "003"]
    assert await _ids(storage, sort="-name") == ["003", "001", "002", "004"]
    assert await _ids(storage, sort="cpu_utilization") == ["003", "001", "002", "004"]
    assert await _ids(storage, sort="-cpu_utilization") == ["001", "003", "002", "004"]


def _mixed_fleet() -> list[CMLWorkerState]:
    """Equal and unknown values in every field that one may sort by."""
    return [
        numbered(
            number,
            name=f"name {number % 3}" + ("\0" if number % 2 else ""),
            region=Region(f"r-{number % 2}"),
            status=(WorkerStatus.RUNNING, WorkerStatus.STOPPED, WorkerStatus.TERMINATED)[number % 3],
            health=(Health.READY, Health.OFF)[number % 2],
            instance_type=("c5.metal", None, "z1d.large")[number % 3],
            cpu_utilization=(None, 0.1 * number, 1 / 3)[number % 3],
            labs_count=(None, 2**40, number // 2)[number % 3],
            cml_ready=(None, True, False)[number % 3],
            launched_at=(None, NOW - timedelta(microseconds=number // 4))[number % 2],
            last_refreshed_at=(None, NOW)[number % 2],
            created_at=NOW - timedelta(days=number % 5),
            cml_version=(None, "2.9", "2.10")[number % 3],
        )
        for number in range(23)
    ]


@pytest.mark.parametrize("direction", ["", "-"])
async def test_pages_of_any_order_hold_everybody_once(storage: Storage, direction: str) -> None:
    await add_all(storage, *_mixed_fleet())
    for field in sorted(FIELDS):
        sort = direction + field
        whole = [state.id for state in (await storage.reader.find_states(WorkerCriteria(sort=sort))).items]
        assert len(set(whole)) == 23, sort
        paged: list[str] = []
        cursor = None
        while True:
            page = await storage.reader.find_states(WorkerCriteria(sort=sort, limit=5, cursor=cursor))
            assert page.total == 23
            paged += [state.id for state in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
            assert len(page.items) == 5
        assert paged == whole, sort


async def test_a_full_last_page_names_no_next_one(storage: Storage) -> None:
    await _fleet(storage, {}, {}, {}, {})
    first = await storage.reader.find_states(WorkerCriteria(limit=2))
    last = await storage.reader.find_states(WorkerCriteria(limit=2, cursor=first.next_cursor))
    assert [state.id for state in last.items] == ["w-003", "w-004"]
    assert last.next_cursor is None


@pytest.mark.parametrize(
    ("offset", "limit", "shown"), [(0, 2, 2), (2, 2, 2), (4, 2, 1), (0, 5, 5), (5, 2, 0), (99, 2, 0)]
)
async def test_a_page_by_its_number_counts_all_that_match(
    storage: Storage, offset: int, limit: int, shown: int
) -> None:
    await _fleet(storage, *({} for _ in range(5)), {"name": "another"})
    page = await storage.reader.find_states(WorkerCriteria(q="worker", offset=offset, limit=limit))
    assert (len(page.items), page.total) == (shown, 5)


@pytest.mark.parametrize(
    "criteria",
    [
        WorkerCriteria(q="x"),
        WorkerCriteria(q="x", health=("ready",), region=("us-east-1",)),
        WorkerCriteria(labels=(("team", "red"),), within=TeamLimit(labels=("team=red",))),
    ],
)
async def test_what_matches_is_found_without_reading_an_embedded_databases_documents(
    storage: Storage, criteria: WorkerCriteria
) -> None:
    if not storage.database.is_sqlite:
        pytest.skip("PostgreSQL keeps documents apart from their rows")
    await _fleet(storage, {})
    matching = conditions(criteria, clock=lambda: NOW)
    count = select(func.count()).select_from(tables.workers).where(*matching)
    async with storage.database.reading() as connection:
        sql = str(count.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        plan = (await connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"))).all()
    assert [row.detail for row in plan] == ["SCAN workers USING COVERING INDEX ix_workers_listed"]


async def test_paging_goes_on_where_it_was_when_workers_come_and_go(storage: Storage) -> None:
    await _fleet(storage, {}, {}, {}, {})
    first = await storage.reader.find_states(WorkerCriteria(limit=2))
    await add_all(storage, numbered(0), numbered(5))
    async with storage.database.writing() as connection:
        await connection.exec_driver_sql("DELETE FROM workers WHERE id = 'w-002'")  # where the page ended
    last = await storage.reader.find_states(WorkerCriteria(limit=9, cursor=first.next_cursor))
    assert [state.id for state in last.items] == ["w-003", "w-004", "w-005"]


async def test_filters_hold_on_every_page(storage: Storage) -> None:
    await _fleet(storage, *({"labels": {"team": "red" if number % 2 else "blue"}} for number in range(1, 9)))
    first = await storage.reader.find_states(WorkerCriteria(labels=(("team", "red"),), limit=3))
    last = await storage.reader.find_states(
        WorkerCriteria(labels=(("team", "red"),), limit=3, cursor=first.next_cursor)
    )
    assert [state.id for state in (*first.items, *last.items)] == ["w-001", "w-003", "w-005", "w-007"]
    assert first.total == last.total == 4


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "%%%",
        "ä",
        "\0",
        "e30",  # {}
        "W10",  # []
        "MQ",  # 1
        "WyJuYW1lIiwgIngiLCB0cnVlXQ",  # ["name", "x", true]
        "WyJuYW1lIiwgIngiLCBudWxsXQ",  # ["name", "x", null]
        "WyJuYW1lIiwgIngiLCB7fV0",  # ["name", "x", {}]
        "W1tb" * 20_000,  # [[[[[[…
    ],
)
async def test_a_cursor_that_is_not_ours_is_refused(storage: Storage, cursor: str) -> None:
    with pytest.raises(InvalidCriteria, match="cursor"):
        await storage.reader.find_states(WorkerCriteria(cursor=cursor))


async def test_a_cursor_of_another_order_is_refused(storage: Storage) -> None:
    await _fleet(storage, {}, {})
    page = await storage.reader.find_states(WorkerCriteria(sort="name", limit=1))
    with pytest.raises(InvalidCriteria, match="order"):
        await storage.reader.find_states(WorkerCriteria(sort="-name", limit=1, cursor=page.next_cursor))
