"""Who is limited to a team hears of that team's workers and operations alone."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.support.workers import NOW, new_state

from cmlfleet.api import stream
from cmlfleet.api.stream import StreamHub
from cmlfleet.application.ports.storage import Operation
from cmlfleet.application.team_limit import TeamLimit
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import WorkerId

BLUE = TeamLimit(labels=("team=blue",))
RED = TeamLimit(labels=("team=red",))


def _worker(name: str, team: str, version: int = 1) -> CMLWorkerState:
    return replace(new_state(), id=WorkerId(name), labels={"team": team}, version=version)


class Listener:
    """Collects what one listener is sent."""

    def __init__(self, hub: StreamHub, limit: TeamLimit | None) -> None:
        self.heard: list[tuple[str, Any]] = []
        self._messages = hub.listen(None, limit)
        self._task = asyncio.ensure_future(self._collect())

    async def _collect(self) -> None:
        async for message in self._messages:
            if "data" not in message:
                continue  # only where the stream begins
            self.heard.append((message["event"], msgspec.json.decode(message["data"])))

    async def end(self) -> None:
        """Waits for the end of the stream."""
        await self._task


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[StreamHub]:
    monkeypatch.setattr(stream, "COALESCE_SECONDS", 0.0)
    hub = StreamHub(clock=lambda: NOW)
    yield hub
    hub.close()


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def _ids(heard: list[tuple[str, Any]]) -> list[tuple[str, str | None]]:
    return [(event, data.get("id")) for event, data in heard]


async def test_changes_of_other_teams_are_not_heard(hub: StreamHub) -> None:
    blue, everybody = Listener(hub, BLUE), Listener(hub, None)
    await _settle()
    for name, team in (("w-1", "blue"), ("w-2", "red")):
        before = _worker(name, team)
        hub.follow(before, replace(before, note="changed", version=2))
        await _settle()
    hub.follow(_worker("w-2", "red"), None)
    hub.follow(_worker("w-1", "blue"), None)
    await _settle()
    assert _ids(blue.heard) == [
        ("worker.updated", "w-1"),
        ("fleet.updated", None),
        ("worker.removed", "w-1"),
        ("fleet.updated", None),
    ]
    assert len(everybody.heard) == 8


async def test_a_worker_that_changes_teams_is_gone_for_one_and_whole_for_the_other(hub: StreamHub) -> None:
    blue, red, everybody = Listener(hub, BLUE), Listener(hub, RED), Listener(hub, None)
    await _settle()
    hub.follow(_worker("w-1", "blue"), _worker("w-1", "red", version=2))
    await _settle()
    assert blue.heard[0] == ("worker.removed", {"id": "w-1"})
    event, data = red.heard[0]
    assert (event, data["changes"]["instance_id"], data["changes"]["labels"]) == (
        "worker.updated",
        new_state().instance_id,
        {"team": "red"},
    )
    assert list(everybody.heard[0][1]["changes"]) == ["labels"]
    assert "fleet.updated" in dict(blue.heard)
    assert "fleet.updated" in dict(red.heard)


async def test_long_work_is_heard_of_by_the_team_that_started_it(hub: StreamHub) -> None:
    blue, red, everybody = Listener(hub, BLUE), Listener(hub, RED), Listener(hub, None)
    await _settle()
    for name, within in (("o-1", BLUE), ("o-2", None)):
        hub.operation(
            Operation(
                id=name,
                kind="refresh",
                state="running",
                done=0,
                total=1,
                created_by="ann",
                created_at=NOW,
                within=within,
            )
        )
    await _settle()
    assert _ids(blue.heard) == [("operation.updated", "o-1")]
    assert red.heard == []
    assert len(everybody.heard) == 2


async def test_what_was_missed_is_sent_within_the_limit_too(hub: StreamHub) -> None:
    listener = hub.listen(None)
    first = asyncio.ensure_future(anext(listener))
    await _settle()
    hub.follow(_worker("w-1", "red"), None)
    hub.follow(_worker("w-2", "blue"), None)
    message = await first
    await listener.aclose()
    resumed = hub.listen(message["id"], BLUE)
    missed = await anext(resumed)
    assert msgspec.json.decode(missed["data"]) == {"id": "w-2"}
    await resumed.aclose()
